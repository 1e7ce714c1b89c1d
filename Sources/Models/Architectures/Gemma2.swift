import Diagnostics
import JSON

extension Architecture {
    /// Gemma 2 (Gemma team, 2024): a Gemma whose parts of a block are normalised before and after, with soft
    /// bounds of scores and logits, and of which every second layer sees a window of the past.
    package static let gemma2: Architecture = .relativeOfLlama(
        name: "gemma2", classes: "Gemma2",
        block: [
            .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
            .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
            .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
            .attentionNorm: "input_layernorm",
            .attentionResultNorm: "post_attention_layernorm",
            .mlpNorm: "pre_feedforward_layernorm",
            .mlpResultNorm: "post_feedforward_layernorm",
        ],
        defaultIDs: (beginningOfText: 2, endOfText: 1), hasNeighbouringPlanesInGGUF: false,
        presets: [.gemma2Small, .gemma2Nano],
        read: { members throws(Failure) in try members.gemma2() }, write: { $0.gemma2Members })
}

extension RotaryDefaults {
    fileprivate static let gemma2 = RotaryDefaults(
        vocabularySize: 256_000, contextLength: 8192, embeddingSize: 2304, layerCount: 26,
        headCount: 8, keyValueHeadCount: 4, headSize: 256, mlpSize: 9216, isTied: true,
        activations: ["gelu_pytorch_tanh"], activationKey: "hidden_activation")
}

// MARK: Presets

extension ModelPreset {
    /// Sizes of this project: seconds on one core.
    package static let gemma2Nano = ModelPreset("gemma-2-nano") {
        .rotary(
            .gemma2, vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 3,
            headCount: 4, keyValueHeadCount: 2, headSize: 16, mlpSize: 128, isTied: true
        ).withGemma2Features(window: 32)
    }

    package static let gemma2Small = ModelPreset("gemma-2-2b") {
        .rotary(
            .gemma2, vocabularySize: $0, contextLength: 8192, embeddingSize: 2304, layerCount: 26,
            headCount: 8, keyValueHeadCount: 4, headSize: 256, mlpSize: 9216, isTied: true
        ).withGemma2Features(window: 4096)
    }
}

// MARK: config.json

extension JSONMembers {
    fileprivate func gemma2() throws(Failure) -> DecoderConfiguration {
        var model = try rotaryDecoder(.gemma2, .gemma2).withGemmaFeatures
        try readGemmaAttention(into: &model, scoreCap: 50, logitCap: 30)
        model.sliding = try sliding(layerCount: model.layerCount, window: 4096) { $0 % 2 == 0 }
        return model
    }

    /// What Gemma 2 and 3 tell of attention beside its sizes.
    func readGemmaAttention(
        into model: inout DecoderConfiguration, scoreCap: Float?, logitCap: Float?
    ) throws(Failure) {
        let isFalse = JSONValue.boolean(false)
        try require("use_bidirectional_attention", default: isFalse, oneOf: [isFalse])
        if try flag("attention_bias", default: false) {
            model.biasedModules = [.queries, .keys, .values, .attentionOutput]
        }
        let divisor = try integer("query_pre_attn_scalar", default: 256, in: 1...1 << 20)
        model.scoreDivisor = divisor == model.headSize ? nil : Float(divisor)
        model.scoreCap = try bound("attn_logit_softcapping", default: scoreCap)
        model.logitCap = try bound("final_logit_softcapping", default: logitCap)
    }

    private func bound(_ key: String, default value: Float?) throws(Failure) -> Float? {
        guard self[key] != nil else { return contains(key) ? nil : value }
        return try positive(key)
    }
}

extension DecoderConfiguration {
    fileprivate func withGemma2Features(window: Int) -> DecoderConfiguration {
        var model = withGemmaFeatures
        (model.scoreCap, model.logitCap) = (50, 30)
        model.sliding = SlidingAttention(layers: LayerPattern([true, false]), window: window)
        return model
    }

    fileprivate var gemma2Members: [String: JSONValue] {
        rotaryMembers.merging(gemmaAttentionMembers) { $1 }.merging(slidingMembers) { $1 }
    }

    /// What config.json of Gemma 2 and 3 tells of attention beside its sizes.
    var gemmaAttentionMembers: [String: JSONValue] {
        [
            "attention_bias": .boolean(biasedModules.contains(.queries)),
            "attn_logit_softcapping": scoreCap.map { .float($0) } ?? .null,
            "final_logit_softcapping": logitCap.map { .float($0) } ?? .null,
            "hidden_act": .string("gelu_pytorch_tanh"),
            "hidden_activation": .string("gelu_pytorch_tanh"),
            "query_pre_attn_scalar": .integer(scoreDivisor.map { Int($0) } ?? headSize),
        ]
    }
}
