import Diagnostics
import JSON

extension Architecture {
    /// Llama (Touvron et al., 2023): rotary positions, root mean square norms, grouped-query attention,
    /// SwiGLU, no biases.
    package static let llama = Architecture(
        name: "llama", causalClass: "LlamaForCausalLM",
        classifierClass: "LlamaForSequenceClassification",
        names: ModuleNames(
            prefix: "model", blocks: "layers", embeddings: [.tokenEmbedding: "embed_tokens"],
            block: [
                .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
                .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
                .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
                .attentionNorm: "input_layernorm", .mlpNorm: "post_attention_layernorm",
            ],
            end: [.finalNorm: "norm"], output: "lm_head"),
        // The frequencies of rotary positions.
        superfluousSuffixes: [".rotary_emb.inv_freq"],
        defaultIDs: (beginningOfText: 1, endOfText: 2), hasNeighbouringPlanesInGGUF: true,
        settings: Set(DecoderSetting.allCases),
        presets: [.llamaNano, .llama110M, .tinyLlama, .llama3Small],
        // Two thirds of 4 C, rounded up to a multiple of 32.
        usualMLPSize: { (8 * $0 / 3 + 31) / 32 * 32 },
        read: { members throws(Failure) in try members.llama() }, write: { $0.llamaMembers })
}

extension DecoderConfiguration {
    /// A Llama of these sizes.
    ///
    /// - Parameters:
    ///   - keyValueHeadCount: nil takes `headCount`.
    ///   - headSize: nil takes embeddingSize / headCount.
    package static func llama(
        vocabularySize: Int, contextLength: Int, embeddingSize: Int, layerCount: Int,
        headCount: Int, keyValueHeadCount: Int? = nil, headSize: Int? = nil, mlpSize: Int,
        positions: RotaryPositions = RotaryPositions(), isTied: Bool = true,
        dropoutRate: Float = 0, normEpsilon: Float = 1e-5
    ) -> DecoderConfiguration {
        DecoderConfiguration(
            architecture: .llama, vocabularySize: vocabularySize, contextLength: contextLength,
            embeddingSize: embeddingSize, layerCount: layerCount, headCount: headCount,
            keyValueHeadCount: keyValueHeadCount ?? headCount,
            headSize: headSize ?? embeddingSize / headCount, mlpSize: mlpSize,
            norm: .rootMeanSquare, normEpsilon: normEpsilon, positions: .rotary(positions),
            activation: .swiGLU, weightLayout: .outputFirst, biasedModules: [], isTied: isTied,
            dropoutRate: dropoutRate)
    }
}

// MARK: Presets

extension ModelPreset {
    /// About 80 thousand parameters with a vocabulary of 65 characters: seconds on one core.
    package static let llamaNano = ModelPreset("llama-nano") {
        .llama(
            vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 3, headCount: 4,
            keyValueHeadCount: 2, mlpSize: 128)
    }

    /// 110 million parameters with a vocabulary of 32,000: the sizes of llama2.c's largest story model.
    package static let llama110M = ModelPreset("llama-110m") {
        .llama(
            vocabularySize: $0, contextLength: 1024, embeddingSize: 768, layerCount: 12,
            headCount: 12, mlpSize: 2048)
    }

    package static let tinyLlama = ModelPreset("tinyllama-1.1b") {
        .llama(
            vocabularySize: $0, contextLength: 2048, embeddingSize: 2048, layerCount: 22,
            headCount: 32, keyValueHeadCount: 4, mlpSize: 5632, isTied: false)
    }

    package static let llama3Small = ModelPreset("llama-3.2-1b") {
        .llama(
            vocabularySize: $0, contextLength: 131_072, embeddingSize: 2048, layerCount: 16,
            headCount: 32, keyValueHeadCount: 8, mlpSize: 8192,
            positions: RotaryPositions(
                theta: 500_000,
                scaling: RopeScaling(
                    factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4,
                    originalContextLength: 8192)))
    }
}

// MARK: config.json

extension DecoderConfiguration {
    fileprivate var llamaMembers: [String: JSONValue] {
        let rotary: RotaryPositions =
            if case .rotary(let rotary) = positions { rotary } else { RotaryPositions() }
        return [
            "attention_bias": .boolean(false),
            "attention_dropout": .float(dropoutRate),
            "head_dim": .integer(headSize),
            "hidden_act": .string("silu"),
            "hidden_size": .integer(embeddingSize),
            "intermediate_size": .integer(mlpSize),
            "max_position_embeddings": .integer(contextLength),
            "mlp_bias": .boolean(false),
            "num_attention_heads": .integer(headCount),
            "num_hidden_layers": .integer(layerCount),
            "num_key_value_heads": .integer(keyValueHeadCount),
            "pretraining_tp": .integer(1),
            "rms_norm_eps": .float(normEpsilon),
            "rope_scaling": rotary.scaling.map(\.huggingFace) ?? .null,
            "rope_theta": .float(rotary.theta),
            "tie_word_embeddings": .boolean(isTied),
        ]
    }
}

extension RopeScaling {
    /// The scaling as config.json has it.
    package var huggingFace: JSONValue {
        .object([
            "factor": .float(factor), "high_freq_factor": .float(highFrequencyFactor),
            "low_freq_factor": .float(lowFrequencyFactor),
            "original_max_position_embeddings": .integer(originalContextLength),
            "rope_type": .string("llama3"),
        ])
    }
}

extension JSONMembers {
    fileprivate func llama() throws(Failure) -> DecoderConfiguration {
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
        let positions = try rotary()
        return .llama(
            vocabularySize: try integer("vocab_size", default: 32000, in: 1...1 << 30),
            contextLength: try integer("max_position_embeddings", default: 2048, in: 1...1 << 24),
            embeddingSize: embeddingSize,
            layerCount: try integer("num_hidden_layers", default: 32, in: 1...1 << 12),
            headCount: headCount, keyValueHeadCount: keyHeads, headSize: headSize,
            mlpSize: try integer("intermediate_size", default: 11008, in: 1...1 << 20),
            positions: positions,
            isTied: self["tie_word_embeddings"] == .boolean(true),
            dropoutRate: try rate("attention_dropout", default: 0),
            normEpsilon: try epsilon("rms_norm_eps", default: 1e-6))
    }

    /// transformers 5 keeps base and scaling in `rope_parameters`; before, the base stood alone.
    private func rotary() throws(Failure) -> RotaryPositions {
        let key = self["rope_parameters"] == nil ? "rope_scaling" : "rope_parameters"
        let empty = JSONValue.members([])
        let scaling = try JSONMembers(self[key] ?? empty, at: path)
        let base = scaling["rope_theta"] == nil ? self : scaling
        let theta = try base.positive("rope_theta", default: 10_000)
        let kind = scaling["rope_type"] ?? scaling["type"] ?? .string("default")
        switch kind.string {
        case "default": return RotaryPositions(theta: theta)
        case "llama3":
            return RotaryPositions(
                theta: theta,
                scaling: RopeScaling(
                    factor: try scaling.positive("factor"),
                    lowFrequencyFactor: try scaling.positive("low_freq_factor"),
                    highFrequencyFactor: try scaling.positive("high_freq_factor"),
                    originalContextLength: try scaling.integer(
                        "original_max_position_embeddings", default: 0, in: 1...1 << 24)))
        default: throw failure(key, expected: "rope_type default or llama3")
        }
    }

    private func positive(_ key: String, default value: Float = 0) throws(Failure) -> Float {
        try float(key, default: value, expected: "a number above 0") { $0 > 0 && $0.isFinite }
    }
}
