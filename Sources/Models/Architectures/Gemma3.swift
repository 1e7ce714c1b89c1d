import Diagnostics
import JSON

extension Architecture {
    /// Gemma 3 (Gemma team, 2025): a Gemma whose parts of a block are normalised before and after, queries
    /// and keys head by head, and of which five of six layers see a window of the past, turning by a base
    /// of their own.
    package static let gemma3: Architecture = .relativeOfLlama(
        name: "gemma3_text", classes: "Gemma3",
        classifier: "Gemma3TextForSequenceClassification",
        block: [
            .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
            .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
            .queryNorm: "self_attn.q_norm", .keyNorm: "self_attn.k_norm",
            .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
            .attentionNorm: "input_layernorm",
            .attentionResultNorm: "post_attention_layernorm",
            .mlpNorm: "pre_feedforward_layernorm",
            .mlpResultNorm: "post_feedforward_layernorm",
        ],
        defaultIDs: (beginningOfText: 2, endOfText: 1), hasNeighbouringPlanesInGGUF: false,
        presets: [.gemma3Small, .gemma3Large, .gemma3Nano],
        read: { members throws(Failure) in try members.gemma3() }, write: { $0.gemma3Members })
}

extension RotaryDefaults {
    fileprivate static let gemma3 = RotaryDefaults(
        vocabularySize: 262_208, contextLength: 131_072, embeddingSize: 2304, layerCount: 26,
        headCount: 8, keyValueHeadCount: 4, headSize: 256, mlpSize: 9216, theta: 1_000_000,
        isTied: true, activations: ["gelu_pytorch_tanh"], activationKey: "hidden_activation",
        rotary: RotaryKeys(layerKind: "full_attention"))
}

// MARK: Presets

extension ModelPreset {
    /// Sizes of this project: seconds on one core.
    package static let gemma3Nano = ModelPreset("gemma-3-nano") {
        .rotary(
            .gemma3, vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 6,
            headCount: 4, keyValueHeadCount: 1, headSize: 16, mlpSize: 128, theta: 1_000_000,
            isTied: true
        ).withGemma3Features(window: 32)
    }

    package static let gemma3Small = ModelPreset("gemma-3-270m") {
        .rotary(
            .gemma3, vocabularySize: $0, contextLength: 32768, embeddingSize: 640,
            layerCount: 18, headCount: 4, keyValueHeadCount: 1, headSize: 256, mlpSize: 2048,
            theta: 1_000_000, isTied: true
        ).withGemma3Features(window: 512)
    }

    package static let gemma3Large = ModelPreset("gemma-3-1b") {
        .rotary(
            .gemma3, vocabularySize: $0, contextLength: 32768, embeddingSize: 1152,
            layerCount: 26, headCount: 4, keyValueHeadCount: 1, headSize: 256, mlpSize: 6912,
            theta: 1_000_000, isTied: true
        ).withGemma3Features(window: 512)
    }
}

// MARK: config.json

extension JSONMembers {
    fileprivate func gemma3() throws(Failure) -> DecoderConfiguration {
        // transformers reads it, and computes without it.
        try require("attn_logit_softcapping", default: .null, oneOf: [.null])
        var model = try rotaryDecoder(.gemma3, .gemma3).withGemmaFeatures
        model.headNorm = .eachHead
        try readGemmaAttention(into: &model, scoreCap: nil, logitCap: nil)
        let period = try integer("sliding_window_pattern", default: 6, in: 1...1 << 12)
        model.sliding = try sliding(layerCount: model.layerCount, window: 4096) {
            ($0 + 1) % period != 0
        }
        guard model.sliding != nil || !contains("sliding_window") || self["layer_types"] != nil
        else { throw failure("sliding_window", expected: "a number") }
        let positions = try slidingPositions(model)
        model.sliding?.positions = positions
        return model
    }

    /// How positions turn in layers that see a window.
    private func slidingPositions(
        _ model: DecoderConfiguration
    ) throws(Failure) -> RotaryPositions {
        let standard: Float = 10_000
        if self["rope_parameters"] == nil {
            return RotaryPositions(
                theta: try positive("rope_local_base_freq", default: standard))
        }
        let keys = RotaryKeys(theta: "rope_local_base_freq", layerKind: "sliding_attention")
        let positions = try rotary(
            theta: standard, keys, headSize: model.headSize, contextLength: model.contextLength)
        guard positions.scaling == nil else {
            throw failure(
                "rope_parameters", expected: "rope_type default for sliding_attention")
        }
        return positions
    }
}

extension DecoderConfiguration {
    fileprivate func withGemma3Features(window: Int) -> DecoderConfiguration {
        var model = withGemmaFeatures
        model.headNorm = .eachHead
        model.sliding = SlidingAttention(
            layers: LayerPattern([true, true, true, true, true, false]), window: window,
            positions: RotaryPositions(theta: 10_000))
        return model
    }

    fileprivate var gemma3Members: [String: JSONValue] {
        let local = JSONValue.float(sliding?.positions?.theta ?? 10_000)
        return rotaryMembers.merging(gemmaAttentionMembers) { $1 }
            .merging(slidingMembers) { $1 }
            .merging(["rope_local_base_freq": local]) { $1 }
    }
}
