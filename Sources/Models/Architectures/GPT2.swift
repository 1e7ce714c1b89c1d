import Diagnostics
import JSON

extension Architecture {
    /// GPT-2 (Radford et al., 2019): learned positions, layer norms, fused queries-keys-values with
    /// biases, GELU in the tanh form, and an output layer that mostly shares the embedding table.
    package static let gpt2 = Architecture(
        name: "gpt2", causalClass: "GPT2LMHeadModel",
        classifierClass: "GPT2ForSequenceClassification",
        names: ModuleNames(
            prefix: "transformer", blocks: "h",
            embeddings: [.tokenEmbedding: "wte", .positionEmbedding: "wpe"],
            block: [
                .attentionNorm: "ln_1", .queriesKeysValues: "attn.c_attn",
                .attentionOutput: "attn.c_proj", .mlpNorm: "ln_2", .raise: "mlp.c_fc",
                .lower: "mlp.c_proj",
            ],
            end: [.finalNorm: "ln_f"], output: "lm_head"),
        // The causal mask.
        superfluousSuffixes: [".attn.bias", ".attn.masked_bias"],
        // One token ends texts, and they start without it.
        defaultIDs: (beginningOfText: nil, endOfText: 50256),
        hasNeighbouringPlanesInGGUF: false, settings: [],
        presets: [.nano, .micro, .gpt2Small, .gpt2Medium, .gpt2Large, .gpt2ExtraLarge],
        usualMLPSize: { 4 * $0 },
        read: { members throws(Failure) in try members.gpt2() }, write: { $0.gpt2Members })
}

extension DecoderConfiguration {
    /// A GPT-2 of these sizes.
    package static func gpt2(
        vocabularySize: Int, contextLength: Int, embeddingSize: Int, layerCount: Int,
        headCount: Int, isTied: Bool = true, dropoutRate: Float = 0, normEpsilon: Float = 1e-5
    ) -> DecoderConfiguration {
        DecoderConfiguration(
            architecture: .gpt2, vocabularySize: vocabularySize, contextLength: contextLength,
            embeddingSize: embeddingSize, layerCount: layerCount, headCount: headCount,
            keyValueHeadCount: headCount, headSize: embeddingSize / headCount,
            mlpSize: 4 * embeddingSize, norm: .layer, normEpsilon: normEpsilon,
            positions: .learned, activation: .gelu, weightLayout: .inputFirst,
            biasedModules: [.queriesKeysValues, .attentionOutput, .raise, .lower], isTied: isTied,
            dropoutRate: dropoutRate)
    }
}

// MARK: Presets

/// Those of Radford et al. (2019) are named by their parameters with the vocabulary of 50,257; nano and
/// micro are sizes of this project for tests and for a first run on a laptop.
extension ModelPreset {
    /// About 90 thousand parameters with a vocabulary of 65 characters: seconds on one core.
    package static let nano = gpt2("nano", layers: 3, heads: 3, width: 48, context: 64)
    /// About 2.8 million parameters with a vocabulary of 512: minutes on one core.
    package static let micro = gpt2("micro", layers: 6, heads: 6, width: 192, context: 256)
    package static let gpt2Small = gpt2("124m", layers: 12, heads: 12, width: 768)
    package static let gpt2Medium = gpt2("355m", layers: 24, heads: 16, width: 1024)
    package static let gpt2Large = gpt2("774m", layers: 36, heads: 20, width: 1280)
    package static let gpt2ExtraLarge = gpt2("1558m", layers: 48, heads: 25, width: 1600)

    private static func gpt2(
        _ size: String, layers: Int, heads: Int, width: Int, context: Int = 1024
    ) -> ModelPreset {
        ModelPreset("gpt2-\(size)") {
            .gpt2(
                vocabularySize: $0, contextLength: context, embeddingSize: width,
                layerCount: layers, headCount: heads)
        }
    }
}

// MARK: config.json

extension DecoderConfiguration {
    fileprivate var gpt2Members: [String: JSONValue] {
        let dropoutRate = JSONValue.float(dropoutRate)
        return [
            "activation_function": .string("gelu_new"),
            "add_cross_attention": .boolean(false),
            "attn_pdrop": dropoutRate,
            "embd_pdrop": dropoutRate,
            "layer_norm_epsilon": .float(normEpsilon),
            "n_ctx": .integer(contextLength),
            "n_embd": .integer(embeddingSize),
            "n_head": .integer(headCount),
            "n_inner": .null,
            "n_layer": .integer(layerCount),
            "n_positions": .integer(contextLength),
            "reorder_and_upcast_attn": .boolean(false),
            "resid_pdrop": dropoutRate,
            "scale_attn_by_inverse_layer_idx": .boolean(false),
            "scale_attn_weights": .boolean(true),
            "tie_word_embeddings": .boolean(isTied),
        ]
    }
}

extension JSONMembers {
    fileprivate func gpt2() throws(Failure) -> DecoderConfiguration {
        try checkGPT2()
        let embeddingSize = try integer("n_embd", default: 768, in: 1...1 << 20)
        let headCount = try integer("n_head", default: 12, in: 1...1 << 20)
        guard embeddingSize % headCount == 0 else {
            throw failure("n_head", expected: "a divisor of n_embd \(embeddingSize)")
        }
        try require("n_inner", default: .null, oneOf: [.null, .integer(4 * embeddingSize)])
        return .gpt2(
            vocabularySize: try integer("vocab_size", default: 50257, in: 1...1 << 30),
            contextLength: try integer("n_positions", default: 1024, in: 1...1 << 30),
            embeddingSize: embeddingSize,
            layerCount: try integer("n_layer", default: 12, in: 1...1 << 12),
            headCount: headCount, isTied: try flag("tie_word_embeddings", default: true),
            dropoutRate: try gpt2DropoutRate(),
            normEpsilon: try epsilon("layer_norm_epsilon", default: 1e-5))
    }

    private func checkGPT2() throws(Failure) {
        // Both names mean the tanh approximation; "gelu" is the exact function, and differs.
        try require(
            "activation_function", default: .string("gelu_new"),
            oneOf: [.string("gelu_new"), .string("gelu_pytorch_tanh")])
        let isTrue = JSONValue.boolean(true)
        let isFalse = JSONValue.boolean(false)
        try require("scale_attn_weights", default: isTrue, oneOf: [isTrue])
        try require("scale_attn_by_inverse_layer_idx", default: isFalse, oneOf: [isFalse])
        try require("add_cross_attention", default: isFalse, oneOf: [isFalse])
    }

    /// One for all three: training takes the recipe's.
    private func gpt2DropoutRate() throws(Failure) -> Float {
        for key in ["embd_pdrop", "attn_pdrop"] { _ = try rate(key, default: 0.1) }
        return try rate("resid_pdrop", default: 0.1)
    }
}
