import Diagnostics
import JSON
import Models

extension LlamaConfiguration {
    /// What config.json says of a Llama, besides what it says of every model.
    var huggingFaceMembers: [String: JSONValue] {
        [
            "architectures": .array([.string("LlamaForCausalLM")]),
            "attention_bias": .boolean(false),
            "attention_dropout": .float(dropoutRate),
            "head_dim": .integer(headSize),
            "hidden_act": .string("silu"),
            "hidden_size": .integer(embeddingSize),
            "intermediate_size": .integer(mlpSize),
            "max_position_embeddings": .integer(contextLength),
            "mlp_bias": .boolean(false),
            "model_type": .string("llama"),
            "num_attention_heads": .integer(headCount),
            "num_hidden_layers": .integer(layerCount),
            "num_key_value_heads": .integer(keyValueHeadCount),
            "pretraining_tp": .integer(1),
            "rms_norm_eps": .float(normEpsilon),
            "rope_scaling": ropeScaling.map(\.huggingFace) ?? .null,
            "rope_theta": .float(ropeTheta),
            "tie_word_embeddings": .boolean(isTied),
        ]
    }
}

extension RopeScaling {
    fileprivate var huggingFace: JSONValue {
        .object([
            "factor": .float(factor), "high_freq_factor": .float(highFrequencyFactor),
            "low_freq_factor": .float(lowFrequencyFactor),
            "original_max_position_embeddings": .integer(originalContextLength),
            "rope_type": .string("llama3"),
        ])
    }
}

extension JSONMembers {
    /// Settings without a place in `LlamaConfiguration` must have the values that it stands for.
    func llama() throws(Failure) -> LlamaConfiguration {
        let isFalse = JSONValue.boolean(false)
        try require("hidden_act", default: .string("silu"), oneOf: [.string("silu")])
        try require("attention_bias", default: isFalse, oneOf: [isFalse])
        try require("mlp_bias", default: isFalse, oneOf: [isFalse])
        try require("tie_word_embeddings", default: isFalse, oneOf: [isFalse, .boolean(true)])
        let embeddingSize = try integer("hidden_size", default: 4096, in: 1...1 << 20)
        let headCount = try integer("num_attention_heads", default: 32, in: 1...1 << 16)
        let keyHeads = try integer("num_key_value_heads", default: headCount, in: 1...1 << 16)
        guard headCount % keyHeads == 0 else {
            throw failure("num_key_value_heads", expected: "a divisor of \(headCount)")
        }
        let headSize = try integer(
            "head_dim", default: max(1, embeddingSize / headCount), in: 1...1 << 16)
        guard headSize % 2 == 0 else { throw failure("head_dim", expected: "an even number") }
        let rope = try rotary()
        return LlamaConfiguration(
            vocabularySize: try integer("vocab_size", default: 32000, in: 1...1 << 30),
            contextLength: try integer("max_position_embeddings", default: 2048, in: 1...1 << 24),
            embeddingSize: embeddingSize,
            layerCount: try integer("num_hidden_layers", default: 32, in: 1...1 << 12),
            headCount: headCount, keyValueHeadCount: keyHeads, headSize: headSize,
            mlpSize: try integer("intermediate_size", default: 11008, in: 1...1 << 20),
            ropeTheta: rope.theta, ropeScaling: rope.scaling,
            isTied: self["tie_word_embeddings"] == .boolean(true),
            dropoutRate: try rate("attention_dropout", default: 0),
            normEpsilon: try epsilon("rms_norm_eps", default: 1e-6))
    }

    /// transformers 5 keeps base and scaling in `rope_parameters`; before, the base stood alone.
    private func rotary() throws(Failure) -> (theta: Float, scaling: RopeScaling?) {
        let key = self["rope_parameters"] == nil ? "rope_scaling" : "rope_parameters"
        let empty = JSONValue.members([])
        let scaling = try JSONMembers(self[key] ?? empty, at: path)
        let base = scaling["rope_theta"] == nil ? self : scaling
        let theta = try base.positive("rope_theta", default: 10_000)
        let kind = scaling["rope_type"] ?? scaling["type"] ?? .string("default")
        switch kind.string {
        case "default": return (theta, nil)
        case "llama3":
            return (
                theta,
                RopeScaling(
                    factor: try scaling.positive("factor"),
                    lowFrequencyFactor: try scaling.positive("low_freq_factor"),
                    highFrequencyFactor: try scaling.positive("high_freq_factor"),
                    originalContextLength: try scaling.integer(
                        "original_max_position_embeddings", default: 0, in: 1...1 << 24))
            )
        default: throw failure(key, expected: "rope_type default or llama3")
        }
    }

    private func positive(_ key: String, default value: Float = 0) throws(Failure) -> Float {
        try float(key, default: value, expected: "a number above 0") { $0 > 0 && $0.isFinite }
    }
}
