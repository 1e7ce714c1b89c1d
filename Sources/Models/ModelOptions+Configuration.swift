import Diagnostics
import Options

extension ModelOptions {
    /// The model's architecture and sizes.
    ///
    /// - Throws: A usage `Failure` where a size is missing, the heads do not divide the width, keys
    ///   are of another architecture, or the vocabulary cannot hold the tokenizer's.
    package func configuration(tokenizerVocabularySize: Int) throws -> DecoderConfiguration {
        var filled = self
        filled.fillFromPreset()
        try filled.checkArchitecture()
        let vocabularySize = try require(
            vocabularySize ?? tokenizerVocabularySize, "vocabulary_size", atMost: 1 << 30)
        guard vocabularySize >= tokenizerVocabularySize else {
            throw Failure(
                FailureText("\(key: "model.vocabulary_size") is smaller than the tokenizer's"),
                expected: "at least \(tokenizerVocabularySize)", got: "\(vocabularySize)",
                remedy: "leave the key out to take the tokenizer's", kind: .usage)
        }
        return try filled.sized(vocabularySize)
    }

    /// - Precondition: filled from the preset.
    private func sized(_ vocabularySize: Int) throws -> DecoderConfiguration {
        var model =
            preset?.configuration(vocabularySize: vocabularySize) ?? family.usualFeatures
        model.vocabularySize = vocabularySize
        try setHeads(of: &model)
        var mostPositions = 1 << 30
        if case .rotary(var rotary) = model.positions {
            // Each position has angles in memory.
            mostPositions = 1 << 24
            try checkHeadSize(of: model)
            if let ropeTheta { rotary.theta = Float(ropeTheta) }
            model.positions = .rotary(rotary)
        }
        model.contextLength = try require(contextLength, "context_length", atMost: mostPositions)
        model.layerCount = try require(layerCount, "layer_count", atMost: 1 << 12)
        model.mlpSize =
            family.settings.contains(.mlpSize)
            ? try require(mlpSize, "mlp_size", atMost: 1 << 20)
            : family.usualMLPSize(model.embeddingSize)
        if model.embeddingScale != 1 {
            model.embeddingScale = Float(model.embeddingSize).squareRoot()
        }
        model.isTied = tieEmbeddings ?? model.isTied
        model.dropoutRate = Float(dropoutRate)
        model.normEpsilon = normEpsilon.map { Float($0) } ?? model.normEpsilon
        return model
    }

    private func setHeads(of model: inout DecoderConfiguration) throws {
        model.embeddingSize = try require(embeddingSize, "embedding_size", atMost: 1 << 20)
        model.headCount = try require(headCount, "head_count", atMost: 1 << 20)
        if let headSize {
            model.headSize = try require(headSize, "head_size", atMost: 1 << 16)
        } else {
            try Self.check(
                "head_count", model.headCount, divides: "embedding_size", model.embeddingSize)
            model.headSize = model.embeddingSize / model.headCount
        }
        model.keyValueHeadCount = model.headCount
        guard model.architecture.settings.contains(.keyValueHeadCount) else { return }
        model.keyValueHeadCount = try require(
            keyValueHeadCount, "key_value_head_count", atMost: 1 << 20)
        try Self.check(
            "key_value_head_count", model.keyValueHeadCount, divides: "head_count",
            model.headCount)
    }

    private func checkHeadSize(of model: DecoderConfiguration) throws {
        guard case .rotary(let rotary) = model.positions else { return }
        let turned = rotary.turnedSize(headSize: model.headSize)
        guard turned == 0 || !turned.isMultiple(of: 2) else { return }
        throw Failure(
            "the heads of a \(model.architecture.name) have an odd width",
            expected: "an even embedding_size / head_count", got: "\(model.headSize)",
            remedy: "change model.embedding_size or model.head_count", kind: .usage)
    }

    private func checkArchitecture() throws {
        if let preset, let own = architecture,
            own != preset.configuration(vocabularySize: 0).architecture
        {
            throw Failure(
                FailureText(
                    "\(key: "model.architecture") is not that of \(key: "model.preset")"),
                got: "\(own.name) and \(preset.rawValue)",
                remedy: "leave model.architecture out", kind: .usage)
        }
        let wrong = DecoderSetting.allCases.first {
            isSet($0) && architecture?.settings.contains($0) == false
        }
        guard let wrong else { return }
        let families = Architecture.all.filter { $0.settings.contains(wrong) }.map(\.name)
            .joined(separator: " or ")
        throw Failure(
            FailureText("\(key: "model.\(wrong.rawValue)") is a key of \(families)"),
            remedy: "remove it, or set model.architecture to \(families)", kind: .usage)
    }

    private func isSet(_ setting: DecoderSetting) -> Bool {
        switch setting {
        case .keyValueHeadCount: keyValueHeadCount != nil
        case .headSize: headSize != nil
        case .mlpSize: mlpSize != nil
        case .ropeTheta: ropeTheta != nil
        case .normEpsilon: normEpsilon != nil
        case .tieEmbeddings: tieEmbeddings != nil
        }
    }

    /// - Parameter most: what config.json may hold too; products of sizes do not overflow.
    private func require(_ size: Int?, _ key: String, atMost most: Int) throws -> Int {
        if let size {
            guard size > most else { return size }
            throw Failure(
                FailureText("\(key: "model.\(key)")"), expected: "at most \(most)", got: "\(size)",
                remedy: "lower it",
                kind: .usage)
        }
        throw Failure(
            FailureText("\(key: "model.\(key)") is missing"),
            remedy: "set it, or set model.preset to "
                + "one of \(ModelPreset.choices.joined(separator: ", "))",
            kind: .usage)
    }

    private static func check(
        _ key: String, _ count: Int, divides sizeKey: String, _ size: Int
    ) throws {
        guard !size.isMultiple(of: count) else { return }
        throw Failure(
            FailureText("\(key: "model.\(key)") does not divide \(key: "model.\(sizeKey)")"),
            expected: "a divisor of \(size)", got: "\(count)",
            remedy: "use \(Divisors.list(Divisors(of: size).ascending))", kind: .usage)
    }
}
