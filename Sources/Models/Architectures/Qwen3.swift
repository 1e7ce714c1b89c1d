import Diagnostics
import JSON

extension Architecture {
    /// Qwen 3 (Yang et al., 2025): a Llama whose queries and keys are normalised head by head, with heads of
    /// a width of their own.
    package static let qwen3: Architecture = .relativeOfLlama(
        name: "qwen3", classes: "Qwen3",
        block: [
            .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
            .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
            .queryNorm: "self_attn.q_norm", .keyNorm: "self_attn.k_norm",
            .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
            .attentionNorm: "input_layernorm", .mlpNorm: "post_attention_layernorm",
        ],
        defaultIDs: (beginningOfText: nil, endOfText: 151_643), hasNeighbouringPlanesInGGUF: false,
        presets: [.qwen3Nano, .qwen3Small],
        read: { members throws(Failure) in try members.qwen3() }, write: { $0.qwen3Members })
}

extension RotaryDefaults {
    fileprivate static let qwen3 = RotaryDefaults(
        vocabularySize: 151_936, contextLength: 32768, embeddingSize: 4096, layerCount: 32,
        headCount: 32, headSize: 128, mlpSize: 22016)
}

// MARK: Presets

extension ModelPreset {
    /// Sizes of this project: seconds on one core.
    package static let qwen3Nano = ModelPreset("qwen3-nano") {
        .rotary(
            .qwen3, vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 3,
            headCount: 4, keyValueHeadCount: 2, headSize: 16, mlpSize: 128, isTied: true
        ).normalizingHeads(.eachHead)
    }

    package static let qwen3Small = ModelPreset("qwen3-0.6b") {
        .rotary(
            .qwen3, vocabularySize: $0, contextLength: 40960, embeddingSize: 1024, layerCount: 28,
            headCount: 16, keyValueHeadCount: 8, headSize: 128, mlpSize: 3072, theta: 1_000_000,
            isTied: true
        ).normalizingHeads(.eachHead)
    }
}

// MARK: config.json

extension JSONMembers {
    fileprivate func qwen3() throws(Failure) -> DecoderConfiguration {
        var model = try rotaryDecoder(.qwen3, .qwen3)
        model.headNorm = .eachHead
        if try flag("attention_bias", default: false) {
            model.biasedModules = [.queries, .keys, .values, .attentionOutput]
        }
        model.sliding = try slidingFromALayerOn(layerCount: model.layerCount)
        return model
    }
}

extension DecoderConfiguration {
    fileprivate var qwen3Members: [String: JSONValue] {
        rotaryMembers.merging([
            "attention_bias": .boolean(biasedModules.contains(.queries)),
            "max_window_layers": .integer(layerCount),
            "use_sliding_window": .boolean(sliding != nil),
        ]) { $1 }.merging(slidingMembers) { $1 }
    }
}
