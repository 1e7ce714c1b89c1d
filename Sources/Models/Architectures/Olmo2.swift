import Diagnostics
import JSON

extension Architecture {
    /// OLMo 2 (OLMo team, 2024): root mean square norms of what a part of a block adds, not of what goes into
    /// it, and norms over all heads of queries and of keys together.
    package static let olmo2: Architecture = .relativeOfLlama(
        name: "olmo2", classes: "Olmo2",
        block: [
            .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
            .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
            .queryNorm: "self_attn.q_norm", .keyNorm: "self_attn.k_norm",
            .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
            .attentionResultNorm: "post_attention_layernorm",
            .mlpResultNorm: "post_feedforward_layernorm",
        ],
        defaultIDs: (beginningOfText: nil, endOfText: 100_257), hasNeighbouringPlanesInGGUF: false,
        presets: [.olmo2Nano, .olmo2Small],
        read: { members throws(Failure) in try members.olmo2() }, write: { $0.olmo2Members })
}

extension RotaryDefaults {
    fileprivate static let olmo2 = RotaryDefaults(
        vocabularySize: 50304, contextLength: 2048, embeddingSize: 4096, layerCount: 32,
        headCount: 32, mlpSize: 11008, normEpsilon: 1e-5)
}

// MARK: Presets

extension ModelPreset {
    /// Sizes of this project: seconds on one core.
    package static let olmo2Nano = ModelPreset("olmo2-nano") {
        .rotary(
            .olmo2, vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 3,
            headCount: 4, keyValueHeadCount: 2, mlpSize: 128, isTied: true
        ).normalizingHeads(.allHeads)
    }

    package static let olmo2Small = ModelPreset("olmo2-1b") {
        .rotary(
            .olmo2, vocabularySize: $0, contextLength: 4096, embeddingSize: 2048, layerCount: 16,
            headCount: 16, mlpSize: 8192, theta: 500_000
        ).normalizingHeads(.allHeads)
    }
}

// MARK: config.json

extension JSONMembers {
    fileprivate func olmo2() throws(Failure) -> DecoderConfiguration {
        var model = try rotaryDecoder(.olmo2, .olmo2)
        model.headNorm = .allHeads
        if try flag("attention_bias", default: false) {
            model.biasedModules = [.queries, .keys, .values, .attentionOutput]
        }
        return model
    }
}

extension DecoderConfiguration {
    fileprivate var olmo2Members: [String: JSONValue] {
        rotaryMembers.merging([
            "attention_bias": .boolean(biasedModules.contains(.queries))
        ]) { $1 }
    }
}
