import Diagnostics
import JSON
import Models

extension GPT2Configuration {
    /// What config.json says of a GPT-2, besides what it says of every model.
    var huggingFaceMembers: [String: JSONValue] {
        let dropoutRate = JSONValue.float(dropoutRate)
        return [
            "activation_function": .string("gelu_new"),
            "add_cross_attention": .boolean(false),
            "architectures": .array([.string("GPT2LMHeadModel")]),
            "attn_pdrop": dropoutRate,
            "embd_pdrop": dropoutRate,
            "layer_norm_epsilon": .float(layerNormEpsilon),
            "model_type": .string("gpt2"),
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
            "tie_word_embeddings": .boolean(true),
        ]
    }
}

extension JSONMembers {
    /// Settings without a place in `GPT2Configuration` must have the values that it stands for.
    func gpt2() throws(Failure) -> GPT2Configuration {
        try checkGPT2()
        let embeddingSize = try integer("n_embd", default: 768, in: 1...1 << 20)
        let headCount = try integer("n_head", default: 12, in: 1...1 << 20)
        guard embeddingSize % headCount == 0 else {
            throw failure("n_head", expected: "a divisor of n_embd \(embeddingSize)")
        }
        try require("n_inner", default: .null, oneOf: [.null, .integer(4 * embeddingSize)])
        return GPT2Configuration(
            vocabularySize: try integer("vocab_size", default: 50257, in: 1...1 << 30),
            contextLength: try integer("n_positions", default: 1024, in: 1...1 << 30),
            embeddingSize: embeddingSize,
            layerCount: try integer("n_layer", default: 12, in: 1...1 << 12),
            headCount: headCount, dropoutRate: try gpt2DropoutRate(),
            layerNormEpsilon: try epsilon("layer_norm_epsilon", default: 1e-5))
    }

    private func checkGPT2() throws(Failure) {
        // Both names mean the tanh approximation; "gelu" is the exact function, and differs.
        try require(
            "activation_function", default: .string("gelu_new"),
            oneOf: [.string("gelu_new"), .string("gelu_pytorch_tanh")])
        let isTrue = JSONValue.boolean(true)
        let isFalse = JSONValue.boolean(false)
        try require("tie_word_embeddings", default: isTrue, oneOf: [isTrue])
        try require("scale_attn_weights", default: isTrue, oneOf: [isTrue])
        try require("scale_attn_by_inverse_layer_idx", default: isFalse, oneOf: [isFalse])
        try require("add_cross_attention", default: isFalse, oneOf: [isFalse])
    }

    private func gpt2DropoutRate() throws(Failure) -> Float {
        let residual = try rate("resid_pdrop", default: 0.1)
        for key in ["embd_pdrop", "attn_pdrop"] where try rate(key, default: 0.1) != residual {
            throw failure(
                key, expected: "the rate of resid_pdrop, \(residual)",
                remedy: "give the three dropout rates of config.json one value")
        }
        return residual
    }
}
