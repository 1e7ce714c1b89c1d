import Diagnostics
import JSON

extension Architecture {
    /// Qwen 2 and 2.5 (Yang et al., 2024): a Llama with biases on queries, keys and values.
    package static let qwen2: Architecture = .relativeOfLlama(
        name: "qwen2", classes: "Qwen2",
        block: [
            .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
            .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
            .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
            .attentionNorm: "input_layernorm", .mlpNorm: "post_attention_layernorm",
        ],
        defaultIDs: (beginningOfText: nil, endOfText: 151_643), hasNeighbouringPlanesInGGUF: false,
        presets: [.qwen2Nano, .qwen2Half],
        read: { members throws(Failure) in try members.qwen2() }, write: { $0.qwen2Members })
}

extension RotaryDefaults {
    fileprivate static let qwen2 = RotaryDefaults(
        vocabularySize: 151_936, contextLength: 32768, embeddingSize: 4096, layerCount: 32,
        headCount: 32, mlpSize: 22016)
}

// MARK: Presets

extension ModelPreset {
    /// Sizes of this project: seconds on one core.
    package static let qwen2Nano = ModelPreset("qwen2-nano") {
        .rotary(
            .qwen2, vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 3,
            headCount: 4, keyValueHeadCount: 2, mlpSize: 128, isTied: true
        ).biased([.queries, .keys, .values])
    }

    package static let qwen2Half = ModelPreset("qwen2.5-0.5b") {
        .rotary(
            .qwen2, vocabularySize: $0, contextLength: 32768, embeddingSize: 896, layerCount: 24,
            headCount: 14, keyValueHeadCount: 2, mlpSize: 4864, theta: 1_000_000, isTied: true
        ).biased([.queries, .keys, .values])
    }
}

// MARK: config.json

extension JSONMembers {
    fileprivate func qwen2() throws(Failure) -> DecoderConfiguration {
        var model = try rotaryDecoder(.qwen2, .qwen2)
        model.biasedModules = [.queries, .keys, .values]
        model.sliding = try slidingFromALayerOn(layerCount: model.layerCount)
        return model
    }
}

extension DecoderConfiguration {
    fileprivate var qwen2Members: [String: JSONValue] {
        rotaryMembers.merging([
            "max_window_layers": .integer(layerCount),
            "use_sliding_window": .boolean(sliding != nil),
        ]) { $1 }.merging(slidingMembers) { $1 }
    }
}
