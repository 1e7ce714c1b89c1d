import Diagnostics
import JSON

extension Architecture {
    /// Llama (Touvron et al., 2023): rotary positions, root mean square norms, grouped-query attention,
    /// SwiGLU, no biases.
    package static let llama: Architecture = .relativeOfLlama(
        name: "llama", classes: "Llama",
        block: [
            .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
            .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
            .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
            .attentionNorm: "input_layernorm", .mlpNorm: "post_attention_layernorm",
        ],
        defaultIDs: (beginningOfText: 1, endOfText: 2), hasNeighbouringPlanesInGGUF: true,
        presets: [
            .llamaNano, .llama110M, .tinyLlama, .llama3Small, .smolLM2Small, .smolLM2Medium,
            .smolLM2Large,
        ],
        read: { members throws(Failure) in
            let isBiased = try members.flag("attention_bias", default: false)
            let hasBiasedMLP = try members.flag("mlp_bias", default: false)
            var model = try members.rotaryDecoder(.llama, .llama)
            if isBiased {
                model.biasedModules.formUnion([.queries, .keys, .values, .attentionOutput])
            }
            if hasBiasedMLP { model.biasedModules.formUnion([.gate, .raise, .lower]) }
            return model
        },
        write: { model in
            model.rotaryMembers.merging([
                "attention_bias": .boolean(model.biasedModules.contains(.queries)),
                "mlp_bias": .boolean(model.biasedModules.contains(.gate)),
                "pretraining_tp": .integer(1),
            ]) { $1 }
        })
}

extension RotaryDefaults {
    fileprivate static let llama = RotaryDefaults(
        vocabularySize: 32000, contextLength: 2048, embeddingSize: 4096, layerCount: 32,
        headCount: 32, mlpSize: 11008)
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

    package static let smolLM2Small = ModelPreset("smollm2-135m") {
        .llama(
            vocabularySize: $0, contextLength: 8192, embeddingSize: 576, layerCount: 30,
            headCount: 9, keyValueHeadCount: 3, mlpSize: 1536,
            positions: RotaryPositions(theta: 100_000))
    }

    package static let smolLM2Medium = ModelPreset("smollm2-360m") {
        .llama(
            vocabularySize: $0, contextLength: 8192, embeddingSize: 960, layerCount: 32,
            headCount: 15, keyValueHeadCount: 5, mlpSize: 2560,
            positions: RotaryPositions(theta: 100_000))
    }

    package static let smolLM2Large = ModelPreset("smollm2-1.7b") {
        .llama(
            vocabularySize: $0, contextLength: 8192, embeddingSize: 2048, layerCount: 24,
            headCount: 32, mlpSize: 8192, positions: RotaryPositions(theta: 130_000))
    }

    package static let llama3Small = ModelPreset("llama-3.2-1b") {
        .llama(
            vocabularySize: $0, contextLength: 131_072, embeddingSize: 2048, layerCount: 16,
            headCount: 32, keyValueHeadCount: 8, mlpSize: 8192,
            positions: RotaryPositions(
                theta: 500_000,
                scaling: .llama3(
                    RopeScaling(
                        factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4,
                        originalContextLength: 8192))))
    }
}
