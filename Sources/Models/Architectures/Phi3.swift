import Diagnostics
import JSON

extension Architecture {
    /// Phi-3 and 4 (Abdin et al., 2024): a Llama with one layer for queries, keys and values and one for gate
    /// and raised, of whose heads a part may turn, by factors for short and for long sequences.
    package static let phi3: Architecture = .relativeOfLlama(
        name: "phi3", classes: "Phi3",
        block: [
            .attentionOutput: "self_attn.o_proj", .queriesKeysValues: "self_attn.qkv_proj",
            .gateAndRaise: "mlp.gate_up_proj", .lower: "mlp.down_proj",
            .attentionNorm: "input_layernorm", .mlpNorm: "post_attention_layernorm",
        ],
        defaultIDs: (beginningOfText: 1, endOfText: 32000), hasNeighbouringPlanesInGGUF: false,
        presets: [.phi3Nano, .phi3Mini],
        read: { members throws(Failure) in try members.phi3() }, write: { $0.phi3Members })
}

extension RotaryDefaults {
    fileprivate static let phi3 = RotaryDefaults(
        vocabularySize: 32064, contextLength: 4096, embeddingSize: 3072, layerCount: 32,
        headCount: 32, mlpSize: 8192, normEpsilon: 1e-5,
        rotary: RotaryKeys(
            share: "partial_rotary_factor", originalContextLength: 4096,
            longRopeNames: ["longrope", "su", "yarn"]))
}

// MARK: Presets

extension ModelPreset {
    /// Sizes of this project: seconds on one core.
    package static let phi3Nano = ModelPreset("phi-3-nano") {
        .rotary(
            .phi3, vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 3,
            headCount: 4, keyValueHeadCount: 2, mlpSize: 128, isTied: true, normEpsilon: 1e-5)
    }

    /// The one of 4,096 tokens.
    package static let phi3Mini = ModelPreset("phi-3-mini") {
        let model = DecoderConfiguration.rotary(
            .phi3, vocabularySize: $0, contextLength: 4096, embeddingSize: 3072, layerCount: 32,
            headCount: 32, mlpSize: 8192, normEpsilon: 1e-5)
        return model.seeing(2047)
    }
}

// MARK: config.json

extension JSONMembers {
    fileprivate func phi3() throws(Failure) -> DecoderConfiguration {
        var model = try rotaryDecoder(.phi3, .phi3)
        model.sliding = try sliding(layerCount: model.layerCount, window: nil, usual: nil)
        // Training takes the recipe's.
        for key in ["resid_pdrop", "embd_pdrop"] { _ = try rate(key, default: 0) }
        return model
    }
}

extension DecoderConfiguration {
    /// The same with a window in all layers.
    fileprivate func seeing(_ window: Int) -> DecoderConfiguration {
        var model = self
        model.sliding = SlidingAttention(layers: LayerPattern([true]), window: window)
        return model
    }

    fileprivate var phi3Members: [String: JSONValue] {
        let rotary: RotaryPositions =
            if case .rotary(let rotary) = positions { rotary } else { RotaryPositions() }
        var members: [String: JSONValue] = [
            "embd_pdrop": .float(dropoutRate), "resid_pdrop": .float(dropoutRate),
            "original_max_position_embeddings": .integer(rotary.shortLength ?? contextLength),
            "partial_rotary_factor": .number(rotary.share),
            "sliding_window": slidingMembers["sliding_window"] ?? .null,
        ]
        // transformers divides the width by the heads, and knows no such key.
        if ownHeadSize == nil { members["head_dim"] = .integer(headSize) }
        return rotaryMembers.merging(members) { $1 }
            .merging(paddingMembers(standard: 32000)) { $1 }
    }
}
