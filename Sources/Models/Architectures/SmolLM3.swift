import Diagnostics
import JSON

extension Architecture {
    /// SmolLM 3 (Hugging Face, 2025): a Llama of which each fourth layer sees no positions.
    package static let smolLM3: Architecture = .relativeOfLlama(
        name: "smollm3", classes: "SmolLM3",
        block: [
            .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
            .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
            .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
            .attentionNorm: "input_layernorm", .mlpNorm: "post_attention_layernorm",
        ],
        defaultIDs: (beginningOfText: nil, endOfText: 128_001), hasNeighbouringPlanesInGGUF: true,
        presets: [.smolLM3Nano, .smolLM3Large],
        read: { members throws(Failure) in try members.smolLM3() }, write: { $0.smolLM3Members })
}

extension RotaryDefaults {
    fileprivate static let smolLM3 = RotaryDefaults(
        vocabularySize: 128_256, contextLength: 32768, embeddingSize: 2048, layerCount: 36,
        headCount: 16, keyValueHeadCount: 4, mlpSize: 11008, theta: 2_000_000, isTied: true)
}

// MARK: Presets

extension ModelPreset {
    /// Sizes of this project: seconds on one core.
    package static let smolLM3Nano = ModelPreset("smollm3-nano") {
        .rotary(
            .smolLM3, vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 4,
            headCount: 4, keyValueHeadCount: 2, mlpSize: 128, isTied: true
        ).turningThreeOfFour
    }

    package static let smolLM3Large = ModelPreset("smollm3-3b") {
        .rotary(
            .smolLM3, vocabularySize: $0, contextLength: 65536, embeddingSize: 2048,
            layerCount: 36, headCount: 16, keyValueHeadCount: 4, mlpSize: 11008,
            theta: 5_000_000, isTied: true
        ).turningThreeOfFour
    }
}

// MARK: config.json

extension JSONMembers {
    fileprivate func smolLM3() throws(Failure) -> DecoderConfiguration {
        var model = try rotaryDecoder(.smolLM3, .smolLM3)
        model.unturnedLayers = try unturnedLayers(count: model.layerCount)
        if try flag("attention_bias", default: false) {
            model.biasedModules.formUnion([.queries, .keys, .values, .attentionOutput])
        }
        if try flag("mlp_bias", default: false) {
            model.biasedModules.formUnion([.gate, .raise, .lower])
        }
        if try flag("use_sliding_window", default: false) {
            model.sliding = try sliding(
                layerCount: model.layerCount, window: nil,
                usual: model.unturnedLayers.holds)
        }
        return model
    }

    /// 1 in `no_rope_layers` means that a layer does turn.
    private func unturnedLayers(count: Int) throws(Failure) -> LayerPattern {
        guard let given = self["no_rope_layers"] else {
            let interval = try integer("no_rope_layer_interval", default: 4, in: 1...1 << 12)
            return LayerPattern((1...count).map { $0 % interval == 0 })
        }
        let flags = given.array.map { $0.compactMap(\.integer) } ?? []
        guard flags.count == count, flags.allSatisfy({ $0 == 0 || $0 == 1 }) else {
            throw failure("no_rope_layers", expected: "a 0 or 1 for each of \(count) layers")
        }
        return LayerPattern(flags.map { $0 == 0 })
    }
}

extension DecoderConfiguration {
    fileprivate var smolLM3Members: [String: JSONValue] {
        rotaryMembers.merging([
            "attention_bias": .boolean(biasedModules.contains(.queries)),
            "mlp_bias": .boolean(biasedModules.contains(.gate)),
            "no_rope_layers": .array(
                (0..<layerCount).map { .integer(unturnedLayers.holds($0) ? 0 : 1) }),
            "use_sliding_window": .boolean(sliding != nil),
        ]) { $1 }.merging(slidingMembers) { $1 }
            .merging(paddingMembers(standard: 128_004)) { $1 }
    }
}

extension DecoderConfiguration {
    fileprivate var turningThreeOfFour: DecoderConfiguration {
        var model = self
        model.unturnedLayers = LayerPattern([false, false, false, true])
        return model
    }
}
