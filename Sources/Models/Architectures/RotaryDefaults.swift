import Diagnostics
import JSON

/// What transformers takes where the config.json of Llama or a relative leaves a setting out.
struct RotaryDefaults {
    var vocabularySize: Int
    var contextLength: Int
    var embeddingSize: Int
    var layerCount: Int
    var headCount: Int
    /// Nil takes the heads of queries.
    var keyValueHeadCount: Int?
    /// Nil takes embeddingSize / headCount.
    var headSize: Int?
    var mlpSize: Int
    var normEpsilon: Float = 1e-6
    var theta: Float = 10_000
    var isTied = false
    /// The words of config.json for the activation that the family has; the first is written.
    var activations = ["silu"]
    var activationKey = "hidden_act"
    var rotary = RotaryKeys()
}

extension JSONMembers {
    /// Reads the sizes that Llama and its relatives share. The features are those of Llama; what a family
    /// has beyond them it adds.
    func rotaryDecoder(
        _ architecture: Architecture, _ defaults: RotaryDefaults
    ) throws(Failure) -> DecoderConfiguration {
        let names = defaults.activations.map { JSONValue.string($0) }
        try require(defaults.activationKey, default: names[0], oneOf: names)
        let embeddingSize = try integer(
            "hidden_size", default: defaults.embeddingSize, in: 1...1 << 20)
        let headCount = try integer(
            "num_attention_heads", default: defaults.headCount, in: 1...1 << 16)
        let keyHeads = try integer(
            "num_key_value_heads", default: defaults.keyValueHeadCount ?? headCount,
            in: 1...1 << 16)
        guard headCount % keyHeads == 0 else {
            throw failure("num_key_value_heads", expected: "a divisor of \(headCount)")
        }
        let headSize = try integer(
            "head_dim", default: defaults.headSize ?? max(1, embeddingSize / headCount),
            in: 1...1 << 16)
        let contextLength = try integer(
            "max_position_embeddings", default: defaults.contextLength, in: 1...1 << 24)
        let positions = try rotary(
            theta: defaults.theta, defaults.rotary, headSize: headSize,
            contextLength: contextLength)
        return DecoderConfiguration(
            architecture: architecture,
            vocabularySize: try integer(
                "vocab_size", default: defaults.vocabularySize, in: 1...1 << 30),
            contextLength: contextLength, embeddingSize: embeddingSize,
            layerCount: try integer(
                "num_hidden_layers", default: defaults.layerCount, in: 1...1 << 12),
            headCount: headCount, keyValueHeadCount: keyHeads, headSize: headSize,
            mlpSize: try integer(
                "intermediate_size", default: defaults.mlpSize, in: 1...1 << 20),
            norm: .rootMeanSquare,
            normEpsilon: try epsilon("rms_norm_eps", default: defaults.normEpsilon),
            positions: .rotary(positions), activation: .swiGLU, weightLayout: .outputFirst,
            biasedModules: [], isTied: try flag("tie_word_embeddings", default: defaults.isTied),
            dropoutRate: try rate("attention_dropout", default: 0))
    }
}

extension DecoderConfiguration {
    /// What config.json says of the sizes that Llama and its relatives share.
    var rotaryMembers: [String: JSONValue] {
        let rotary: RotaryPositions =
            if case .rotary(let rotary) = positions { rotary } else { RotaryPositions() }
        let original = rotary.shortLength.map {
            ["original_max_position_embeddings": JSONValue.integer($0)]
        }
        let members: [String: JSONValue] = [
            "attention_dropout": .float(dropoutRate),
            "head_dim": .integer(headSize),
            "hidden_act": .string("silu"),
            "hidden_size": .integer(embeddingSize),
            "intermediate_size": .integer(mlpSize),
            "max_position_embeddings": .integer(contextLength),
            "num_attention_heads": .integer(headCount),
            "num_hidden_layers": .integer(layerCount),
            "num_key_value_heads": .integer(keyValueHeadCount),
            "rms_norm_eps": .float(normEpsilon),
            "rope_scaling": rotary.huggingFaceScaling,
            "rope_theta": .float(rotary.theta),
            "tie_word_embeddings": .boolean(isTied),
        ]
        return members.merging(original ?? [:]) { $1 }
    }

    /// No padding where the id that transformers takes by itself is above the vocabulary: it would not load
    /// such a model.
    func paddingMembers(standard: Int) -> [String: JSONValue] {
        vocabularySize > standard ? [:] : ["pad_token_id": .null]
    }
}
