import Diagnostics
import JSON

extension Architecture {
    /// Mistral (Jiang et al., 2023): a Llama whose heads may have a width of their own, and whose layers may
    /// see a window of the past.
    package static let mistral: Architecture = .relativeOfLlama(
        name: "mistral", classes: "Mistral",
        block: [
            .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
            .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
            .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
            .attentionNorm: "input_layernorm", .mlpNorm: "post_attention_layernorm",
        ],
        defaultIDs: (beginningOfText: 1, endOfText: 2), hasNeighbouringPlanesInGGUF: true,
        presets: [.mistral7B, .mistralNano],
        read: { members throws(Failure) in try members.mistral() }, write: { $0.mistralMembers })
}

extension RotaryDefaults {
    fileprivate static let mistral = RotaryDefaults(
        vocabularySize: 32000, contextLength: 131_072, embeddingSize: 4096, layerCount: 32,
        headCount: 32, keyValueHeadCount: 8, mlpSize: 14336)
}

// MARK: Presets

extension ModelPreset {
    /// Sizes of this project, with a window: seconds on one core.
    package static let mistralNano = ModelPreset("mistral-nano") {
        var model = DecoderConfiguration.rotary(
            .mistral, vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 3,
            headCount: 4, keyValueHeadCount: 2, mlpSize: 128)
        model.sliding = SlidingAttention(layers: LayerPattern([true]), window: 32)
        return model
    }

    /// Version 0.3.
    package static let mistral7B = ModelPreset("mistral-7b") {
        .rotary(
            .mistral, vocabularySize: $0, contextLength: 32768, embeddingSize: 4096,
            layerCount: 32, headCount: 32, keyValueHeadCount: 8, mlpSize: 14336,
            theta: 1_000_000)
    }
}

// MARK: config.json

extension JSONMembers {
    fileprivate func mistral() throws(Failure) -> DecoderConfiguration {
        var model = try rotaryDecoder(.mistral, .mistral)
        model.sliding = try sliding(layerCount: model.layerCount, window: 4096, usual: nil)
        return model
    }
}

extension DecoderConfiguration {
    fileprivate var mistralMembers: [String: JSONValue] {
        rotaryMembers.merging(["sliding_window": slidingMembers["sliding_window"] ?? .null]) { $1 }
    }
}
