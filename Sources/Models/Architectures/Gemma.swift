import Diagnostics
import JSON

extension Architecture {
    /// Gemma (Gemma team, 2024): gains stored as what they differ by from 1, embeddings multiplied with the
    /// root of the width, GeGLU, and heads of a width of their own.
    package static let gemma: Architecture = .relativeOfLlama(
        name: "gemma", classes: "Gemma",
        block: [
            .queries: "self_attn.q_proj", .keys: "self_attn.k_proj",
            .values: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj",
            .gate: "mlp.gate_proj", .raise: "mlp.up_proj", .lower: "mlp.down_proj",
            .attentionNorm: "input_layernorm", .mlpNorm: "post_attention_layernorm",
        ],
        defaultIDs: (beginningOfText: 2, endOfText: 1), hasNeighbouringPlanesInGGUF: false,
        presets: [.gemmaNano, .gemmaSmall],
        read: { members throws(Failure) in try members.gemma() }, write: { $0.gemmaMembers })
}

extension RotaryDefaults {
    fileprivate static let gemma = RotaryDefaults(
        vocabularySize: 256_000, contextLength: 8192, embeddingSize: 3072, layerCount: 28,
        headCount: 16, headSize: 256, mlpSize: 24576, isTied: true,
        activations: ["gelu_pytorch_tanh"])
}

// MARK: Presets

extension ModelPreset {
    /// Sizes of this project: seconds on one core.
    package static let gemmaNano = ModelPreset("gemma-nano") {
        .rotary(
            .gemma, vocabularySize: $0, contextLength: 64, embeddingSize: 48, layerCount: 3,
            headCount: 4, keyValueHeadCount: 1, headSize: 16, mlpSize: 128, isTied: true
        ).withGemmaFeatures
    }

    package static let gemmaSmall = ModelPreset("gemma-2b") {
        .rotary(
            .gemma, vocabularySize: $0, contextLength: 8192, embeddingSize: 2048, layerCount: 18,
            headCount: 8, keyValueHeadCount: 1, headSize: 256, mlpSize: 16384, isTied: true
        ).withGemmaFeatures
    }
}

// MARK: config.json

extension JSONMembers {
    fileprivate func gemma() throws(Failure) -> DecoderConfiguration {
        var model = try rotaryDecoder(.gemma, .gemma).withGemmaFeatures
        if try flag("attention_bias", default: false) {
            model.biasedModules = [.queries, .keys, .values, .attentionOutput]
        }
        return model
    }
}

extension DecoderConfiguration {
    fileprivate var gemmaMembers: [String: JSONValue] {
        rotaryMembers.merging([
            "attention_bias": .boolean(biasedModules.contains(.queries)),
            "hidden_act": .string("gelu_pytorch_tanh"),
            "hidden_activation": .string("gelu_pytorch_tanh"),
        ]) { $1 }
    }

    /// What all Gemmas have beyond a Llama.
    var withGemmaFeatures: DecoderConfiguration {
        var model = self
        model.gainOffset = 1
        model.embeddingScale = Float(embeddingSize).squareRoot()
        model.activation = .geGLU
        return model
    }
}
