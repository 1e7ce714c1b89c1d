import Diagnostics
import Options

extension ModelOptions {
    /// The model's architecture and sizes.
    ///
    /// - Throws: A usage `Failure` where a size is missing, the heads do not divide the width, keys
    ///   are of another architecture, or the vocabulary cannot hold the tokenizer's.
    package func configuration(tokenizerVocabularySize: Int) throws -> ModelConfiguration {
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
        switch filled.architecture {
        case .llama: return .llama(try filled.llama(vocabularySize))
        case .gpt2, nil: return .gpt2(try filled.gpt2(vocabularySize))
        }
    }

    private func gpt2(_ vocabularySize: Int) throws -> GPT2Configuration {
        let embeddingSize = try require(embeddingSize, "embedding_size", atMost: 1 << 20)
        let headCount = try require(headCount, "head_count", atMost: 1 << 20)
        try Self.check("head_count", headCount, divides: "embedding_size", embeddingSize)
        return GPT2Configuration(
            vocabularySize: vocabularySize,
            contextLength: try require(contextLength, "context_length", atMost: 1 << 30),
            embeddingSize: embeddingSize,
            layerCount: try require(layerCount, "layer_count", atMost: 1 << 12),
            headCount: headCount, dropoutRate: Float(dropoutRate))
    }

    private func llama(_ vocabularySize: Int) throws -> LlamaConfiguration {
        let embeddingSize = try require(embeddingSize, "embedding_size", atMost: 1 << 20)
        let headCount = try require(headCount, "head_count", atMost: 1 << 20)
        try Self.check("head_count", headCount, divides: "embedding_size", embeddingSize)
        let keyHeads = try require(
            keyValueHeadCount, "key_value_head_count", atMost: 1 << 20)
        try Self.check("key_value_head_count", keyHeads, divides: "head_count", headCount)
        guard (embeddingSize / headCount).isMultiple(of: 2) else {
            throw Failure(
                "the heads of a llama have an odd width",
                expected: "an even embedding_size / head_count",
                got: "\(embeddingSize / headCount)",
                remedy: "change model.embedding_size or model.head_count", kind: .usage)
        }
        return LlamaConfiguration(
            vocabularySize: vocabularySize,
            contextLength: try require(contextLength, "context_length", atMost: 1 << 24),
            embeddingSize: embeddingSize,
            layerCount: try require(layerCount, "layer_count", atMost: 1 << 12),
            headCount: headCount, keyValueHeadCount: keyHeads,
            mlpSize: try require(mlpSize, "mlp_size", atMost: 1 << 20),
            ropeTheta: Float(ropeTheta ?? 10_000),
            ropeScaling: presetScaling, isTied: tieEmbeddings ?? true,
            dropoutRate: Float(dropoutRate), normEpsilon: Float(normEpsilon ?? 1e-5))
    }

    /// Positions are scaled in a preset alone.
    private var presetScaling: RopeScaling? {
        guard case .llama(let sizes)? = preset?.configuration(vocabularySize: 0) else { return nil }
        return sizes.ropeScaling
    }

    private func checkArchitecture() throws {
        if let preset, let own = architecture,
            own != preset.configuration(vocabularySize: 0).architecture
        {
            throw Failure(
                FailureText(
                    "\(key: "model.architecture") is not that of \(key: "model.preset")"),
                got: "\(own) and \(preset.rawValue)",
                remedy: "leave model.architecture out", kind: .usage)
        }
        guard architecture != .llama else { return }
        let keys: [(key: String, isSet: Bool)] = [
            ("key_value_head_count", keyValueHeadCount != nil), ("mlp_size", mlpSize != nil),
            ("rope_theta", ropeTheta != nil), ("norm_epsilon", normEpsilon != nil),
            ("tie_embeddings", tieEmbeddings != nil),
        ]
        guard let wrong = keys.first(where: \.isSet) else { return }
        throw Failure(
            FailureText("\(key: "model.\(wrong.key)") is a key of llama"),
            remedy: "remove it, or set model.architecture to llama", kind: .usage)
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
