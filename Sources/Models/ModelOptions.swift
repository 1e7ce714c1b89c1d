import Diagnostics
import Options

/// The model that a run trains: a preset, explicit sizes, or a preset with some of them changed.
package struct ModelOptions: OptionBlock {
    /// Named sizes; keys below override them.
    package var preset: ModelPreset?
    /// The kind of model; by default the preset's, or gpt2.
    package var architecture: Architecture?
    /// Transformer blocks; usual 6 to 48.
    package var layerCount: Int?
    /// Attention heads in a block; divides embedding_size; usual embedding_size / 64.
    package var headCount: Int?
    /// Families but gpt2: heads of keys and values; divides head_count; by default head_count.
    package var keyValueHeadCount: Int?
    /// Families but gpt2: width of a head, even; by default embedding_size / head_count.
    package var headSize: Int?
    /// Width of the residual stream; usual 384 to 2048.
    package var embeddingSize: Int?
    /// Families but gpt2: width inside the feed-forward part; by default 8/3 of embedding_size.
    package var mlpSize: Int?
    /// The most tokens that the model can see; usual 256 to 2048.
    package var contextLength: Int?
    /// Rows of the embedding table; by default the tokenizer's vocabulary; usual that, rounded
    /// up to a multiple of 64.
    package var vocabularySize: Int?
    /// Families but gpt2: base of the wavelengths of rotary positions; usual 10,000 to 500,000.
    package var ropeTheta: Double?
    /// Families but gpt2: added to the mean square in a norm; usual 1e-6 to 1e-5.
    package var normEpsilon: Double?
    /// Families but gpt2: whether the output layer shares the embedding table; usual true in small models.
    package var tieEmbeddings: Bool?
    /// Share of activations that training sets to zero; usual 0 to 0.1.
    package var dropoutRate = 0.0

    package init() {}

    /// The keys that a model which is gone on from has settled: all but those that training may change.
    package static var sizeKeys: [String] {
        fields.filter { $0.role.rivals.contains { $0.key == "init.from" } }.map(\.key)
    }

    package static var fields: [OptionField<ModelOptions>] {
        let preset = OptionField<ModelOptions>("preset", \.preset, .changesFreely)
            .replacing((widths + details).map(\.key))
        let vocabularySize = OptionField<ModelOptions>(
            "vocabulary_size", \.vocabularySize, .atLeast(1), .decidesWeights
        ).settledAtStart
        let dropoutRate = OptionField<ModelOptions>(
            "dropout_rate", \.dropoutRate, .fromZeroBelowOne, .decidesWeights
        ).also(in: "finetune")
        return ([preset] + widths + [vocabularySize] + details)
            .map { $0.replacing(["init.from"]) } + [dropoutRate]
    }

    private static var widths: [OptionField<ModelOptions>] {
        [
            OptionField("architecture", \.architecture, .decidesWeights),
            OptionField("layer_count", \.layerCount, .atLeast(1), .decidesWeights),
            OptionField("head_count", \.headCount, .atLeast(1), .decidesWeights),
            OptionField("key_value_head_count", \.keyValueHeadCount, .atLeast(1), .decidesWeights),
            OptionField("head_size", \.headSize, .atLeast(1), .decidesWeights),
            OptionField("embedding_size", \.embeddingSize, .atLeast(1), .decidesWeights),
            OptionField("mlp_size", \.mlpSize, .atLeast(1), .decidesWeights),
            OptionField("context_length", \.contextLength, .atLeast(1), .decidesWeights)
                .also(in: "evaluate"),
        ]
    }

    private static var details: [OptionField<ModelOptions>] {
        [
            OptionField("rope_theta", \.ropeTheta, .aboveZero, .decidesWeights),
            OptionField("norm_epsilon", \.normEpsilon, .aboveZero, .decidesWeights),
            OptionField("tie_embeddings", \.tieEmbeddings, .decidesWeights),
        ]
    }

    /// Gives what is not set explicitly the value of the preset, or the usual one.
    package mutating func fillFromPreset() {
        let sizes = preset?.configuration(vocabularySize: 0)
        let family = family
        architecture = family
        layerCount = layerCount ?? sizes?.layerCount
        headCount = headCount ?? sizes?.headCount
        embeddingSize = embeddingSize ?? sizes?.embeddingSize
        contextLength = contextLength ?? sizes?.contextLength
        let own = sizes.flatMap { $0.architecture == family ? $0 : nil }
        for setting in family.settings { fill(setting, of: family, from: own) }
    }

    /// The architecture that is set, else the preset's, else the usual one.
    var family: Architecture {
        architecture ?? preset?.configuration(vocabularySize: 1).architecture ?? .gpt2
    }

    /// - Parameter sizes: of the preset; nil without one.
    private mutating func fill(
        _ setting: DecoderSetting, of family: Architecture, from sizes: DecoderConfiguration?
    ) {
        let usual = sizes ?? family.usualFeatures
        switch setting {
        case .keyValueHeadCount:
            keyValueHeadCount = keyValueHeadCount ?? sizes?.keyValueHeadCount ?? headCount
        case .headSize: headSize = headSize ?? sizes?.ownHeadSize
        case .mlpSize:
            mlpSize = mlpSize ?? sizes?.mlpSize ?? embeddingSize.map(family.usualMLPSize)
        case .ropeTheta:
            guard case .rotary(let rotary) = usual.positions else { return }
            ropeTheta = ropeTheta ?? Double(rotary.theta)
        case .normEpsilon: normEpsilon = normEpsilon ?? Self.decimal(usual.normEpsilon)
        case .tieEmbeddings: tieEmbeddings = tieEmbeddings ?? usual.isTied
        }
    }

    /// The double that prints as the float does.
    private static func decimal(_ value: Float) -> Double {
        Double(value.description) ?? Double(value)
    }

    /// Throws what `configuration` would throw with a tokenizer that fits.
    package func validate() throws {
        _ = try configuration(tokenizerVocabularySize: vocabularySize ?? 1)
    }
}
