import Diagnostics
import JSON

extension Architecture {
    /// GPT-NeoX (Black et al., 2022) and Pythia (Biderman et al., 2023): layer norms and biases, one layer
    /// for the queries, keys and values of each head, heads of which a part turns, GELU, and parts of a
    /// block that both start from what comes into it.
    package static let gptNeoX = Architecture(
        name: "gpt_neox", causalClass: "GPTNeoXForCausalLM",
        classifierClass: "GPTNeoXForSequenceClassification",
        names: ModuleNames(
            prefix: "gpt_neox", blocks: "layers", embeddings: [.tokenEmbedding: "embed_in"],
            block: [
                .attentionNorm: "input_layernorm", .mlpNorm: "post_attention_layernorm",
                .queriesKeysValues: "attention.query_key_value",
                .attentionOutput: "attention.dense", .raise: "mlp.dense_h_to_4h",
                .lower: "mlp.dense_4h_to_h",
            ],
            end: [.finalNorm: "final_layer_norm"], output: "embed_out"),
        // The causal mask, and the frequencies of rotary positions.
        superfluousSuffixes: [
            ".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq",
        ],
        // One token ends texts, and they start without it.
        defaultIDs: (beginningOfText: nil, endOfText: 2), hasNeighbouringPlanesInGGUF: false,
        settings: [.mlpSize, .ropeTheta, .normEpsilon, .tieEmbeddings],
        presets: [
            .pythiaNano, .pythia70M, .pythia160M, .pythia410M, .pythia1B, .pythia1400M,
        ],
        usualMLPSize: { 4 * $0 },
        read: { members throws(Failure) in try members.gptNeoX() }, write: { $0.gptNeoXMembers })
}

extension DecoderConfiguration {
    fileprivate static func gptNeoX(
        vocabularySize: Int, contextLength: Int = 2048, embeddingSize: Int, layerCount: Int,
        headCount: Int, mlpSize: Int, normEpsilon: Float = 1e-5,
        positions: RotaryPositions = RotaryPositions(share: 0.25), isTied: Bool = false,
        dropoutRate: Float = 0
    ) -> DecoderConfiguration {
        var model = DecoderConfiguration(
            architecture: .gptNeoX, vocabularySize: vocabularySize, contextLength: contextLength,
            embeddingSize: embeddingSize, layerCount: layerCount, headCount: headCount,
            keyValueHeadCount: headCount, headSize: embeddingSize / headCount, mlpSize: mlpSize,
            norm: .layer, normEpsilon: normEpsilon, positions: .rotary(positions),
            activation: .exactGELU, weightLayout: .outputFirst,
            biasedModules: [.queriesKeysValues, .attentionOutput, .raise, .lower],
            isTied: isTied, dropoutRate: dropoutRate)
        model.joinsByHead = true
        model.isParallel = true
        return model
    }
}

// MARK: Presets

/// Those of Pythia, and one of this project for tests.
extension ModelPreset {
    /// Seconds on one core.
    package static let pythiaNano = pythia("nano", layers: 3, heads: 3, width: 48, context: 64)
    package static let pythia70M = pythia("70m", layers: 6, heads: 8, width: 512)
    package static let pythia160M = pythia("160m", layers: 12, heads: 12, width: 768)
    package static let pythia410M = pythia("410m", layers: 24, heads: 16, width: 1024)
    package static let pythia1B = pythia("1b", layers: 16, heads: 8, width: 2048)
    package static let pythia1400M = pythia("1.4b", layers: 24, heads: 16, width: 2048)

    private static func pythia(
        _ size: String, layers: Int, heads: Int, width: Int, context: Int = 2048
    ) -> ModelPreset {
        ModelPreset("pythia-\(size)") {
            .gptNeoX(
                vocabularySize: $0, contextLength: context, embeddingSize: width,
                layerCount: layers, headCount: heads, mlpSize: 4 * width)
        }
    }
}

// MARK: config.json

extension JSONMembers {
    /// The words for the tanh form of GELU; "gelu" is the exact one.
    private static let tanhForms = ["gelu_new", "gelu_pytorch_tanh", "gelu_fast"]

    fileprivate func gptNeoX() throws(Failure) -> DecoderConfiguration {
        let embeddingSize = try integer("hidden_size", default: 6144, in: 1...1 << 20)
        let headCount = try integer("num_attention_heads", default: 64, in: 1...1 << 16)
        guard embeddingSize % headCount == 0 else {
            throw failure(
                "num_attention_heads", expected: "a divisor of hidden_size \(embeddingSize)")
        }
        let contextLength = try integer(
            "max_position_embeddings", default: 2048, in: 1...1 << 24)
        var model = DecoderConfiguration.gptNeoX(
            vocabularySize: try integer("vocab_size", default: 50432, in: 1...1 << 30),
            contextLength: contextLength, embeddingSize: embeddingSize,
            layerCount: try integer("num_hidden_layers", default: 44, in: 1...1 << 12),
            headCount: headCount,
            mlpSize: try integer("intermediate_size", default: 24576, in: 1...1 << 20),
            normEpsilon: try epsilon("layer_norm_eps", default: 1e-5),
            positions: try rotary(
                theta: 10_000,
                RotaryKeys(theta: "rotary_emb_base", share: "rotary_pct", usualShare: 0.25),
                headSize: embeddingSize / headCount, contextLength: contextLength),
            isTied: try flag("tie_word_embeddings", default: false),
            dropoutRate: try gptNeoXDropoutRate())
        let forms = ["gelu"] + Self.tanhForms
        try require("hidden_act", default: "gelu", oneOf: forms.map { .string($0) })
        if Self.tanhForms.contains(self["hidden_act"]?.string ?? "gelu") {
            model.activation = .gelu
        }
        model.isParallel = try flag("use_parallel_residual", default: true)
        if try !flag("attention_bias", default: true) {
            model.biasedModules = [.raise, .lower]
        }
        return model
    }

    /// One for both: training takes the recipe's.
    private func gptNeoXDropoutRate() throws(Failure) -> Float {
        _ = try rate("attention_dropout", default: 0)
        return try rate("hidden_dropout", default: 0)
    }
}

extension DecoderConfiguration {
    fileprivate var gptNeoXMembers: [String: JSONValue] {
        let rotary: RotaryPositions =
            if case .rotary(let rotary) = positions { rotary } else { RotaryPositions() }
        return [
            "attention_bias": .boolean(biasedModules.contains(.queriesKeysValues)),
            "attention_dropout": .float(dropoutRate),
            "hidden_act": .string(activation == .exactGELU ? "gelu" : "gelu_new"),
            "hidden_dropout": .float(dropoutRate),
            "hidden_size": .integer(embeddingSize),
            "intermediate_size": .integer(mlpSize),
            "layer_norm_eps": .float(normEpsilon),
            "max_position_embeddings": .integer(contextLength),
            "num_attention_heads": .integer(headCount),
            "num_hidden_layers": .integer(layerCount),
            "rope_scaling": rotary.huggingFaceScaling,
            "rotary_emb_base": .float(rotary.theta),
            "rotary_pct": .number(rotary.share),
            "tie_word_embeddings": .boolean(isTied),
            "use_parallel_residual": .boolean(isParallel),
        ]
    }
}
