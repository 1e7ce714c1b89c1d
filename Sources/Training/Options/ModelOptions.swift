import Diagnostics
import Models

extension GPT2Preset: OptionChoice {}

/// The model that a run trains: a preset, explicit sizes, or a preset with some of them changed.
package struct ModelOptions: OptionBlock {
    /// The kinds of model.
    package enum Architecture: String, OptionChoice {
        /// Pre-norm, GELU, learned positions, tied embeddings (Radford et al., 2019).
        case gpt2
    }

    /// Named sizes; keys below override them.
    package var preset: GPT2Preset?
    /// The kind of model; usual gpt2.
    package var architecture = Architecture.gpt2
    /// Transformer blocks; usual 6 to 48.
    package var layerCount: Int?
    /// Attention heads in a block; divides embedding_size; usual embedding_size / 64.
    package var headCount: Int?
    /// Width of the residual stream; usual 384 to 1600.
    package var embeddingSize: Int?
    /// The most tokens that the model can see; usual 256 to 1024.
    package var contextLength: Int?
    /// Rows of the embedding table; by default the tokenizer's vocabulary; usual that, rounded
    /// up to a multiple of 64.
    package var vocabularySize: Int?
    /// Share of activations that training sets to zero; usual 0 to 0.1.
    package var dropoutRate = 0.0

    package init() {}

    package static var fields: [OptionField<ModelOptions>] {
        [
            OptionField("preset", \.preset),
            OptionField("architecture", \.architecture),
            OptionField("layer_count", \.layerCount, .atLeast(1)),
            OptionField("head_count", \.headCount, .atLeast(1)),
            OptionField("embedding_size", \.embeddingSize, .atLeast(1)),
            OptionField("context_length", \.contextLength, .atLeast(1)),
            OptionField("vocabulary_size", \.vocabularySize, .atLeast(1)),
            OptionField("dropout_rate", \.dropoutRate, .fromZeroBelowOne),
        ]
    }

    /// Gives the sizes that are not set explicitly those of the preset.
    package mutating func fillFromPreset() {
        guard let sizes = preset?.configuration(vocabularySize: 0) else { return }
        layerCount = layerCount ?? sizes.layerCount
        headCount = headCount ?? sizes.headCount
        embeddingSize = embeddingSize ?? sizes.embeddingSize
        contextLength = contextLength ?? sizes.contextLength
    }

    /// The model's sizes.
    ///
    /// - Throws: A usage `Failure` where a size is missing, the heads do not divide the width, or
    ///   the vocabulary cannot hold the tokenizer's.
    package func configuration(tokenizerVocabularySize: Int) throws -> GPT2Configuration {
        var filled = self
        filled.fillFromPreset()
        let vocabularySize = try require(
            vocabularySize ?? tokenizerVocabularySize, "vocabulary_size", atMost: 1 << 30)
        guard vocabularySize >= tokenizerVocabularySize else {
            throw Failure(
                "model.vocabulary_size is smaller than the tokenizer's",
                expected: "at least \(tokenizerVocabularySize)", got: "\(vocabularySize)",
                remedy: "leave the key out to take the tokenizer's", kind: .usage)
        }
        let embeddingSize = try require(filled.embeddingSize, "embedding_size", atMost: 1 << 20)
        let headCount = try require(filled.headCount, "head_count", atMost: 1 << 20)
        try checkHeads(headCount, divide: embeddingSize)
        return GPT2Configuration(
            vocabularySize: vocabularySize,
            contextLength: try require(filled.contextLength, "context_length", atMost: 1 << 30),
            embeddingSize: embeddingSize,
            layerCount: try require(filled.layerCount, "layer_count", atMost: 1 << 12),
            headCount: headCount,
            dropoutRate: Float(dropoutRate))
    }

    /// Throws what `configuration` would throw with a tokenizer that fits.
    package func validate() throws {
        _ = try configuration(tokenizerVocabularySize: vocabularySize ?? 1)
    }

    /// - Parameter most: what config.json may hold too; products of sizes do not overflow.
    private func require(_ size: Int?, _ key: String, atMost most: Int) throws -> Int {
        if let size {
            guard size > most else { return size }
            throw Failure(
                "model.\(key)", expected: "at most \(most)", got: "\(size)", remedy: "lower it",
                kind: .usage)
        }
        throw Failure(
            "model.\(key) is missing",
            remedy: "set it, or set model.preset to "
                + "one of \(GPT2Preset.choices.joined(separator: ", "))",
            kind: .usage)
    }

    private func checkHeads(_ headCount: Int, divide embeddingSize: Int) throws {
        guard !embeddingSize.isMultiple(of: headCount) else { return }
        let divisors = Divisors(of: embeddingSize).ascending
        throw Failure(
            "model.head_count does not divide model.embedding_size",
            expected: "a divisor of \(embeddingSize)", got: "\(headCount)",
            remedy: "use \(Divisors.list(divisors))", kind: .usage)
    }
}
