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
        guard headSize % 2 == 0 else { throw failure("head_dim", expected: "an even number") }
        let positions = try rotary(theta: defaults.theta)
        return DecoderConfiguration(
            architecture: architecture,
            vocabularySize: try integer(
                "vocab_size", default: defaults.vocabularySize, in: 1...1 << 30),
            contextLength: try integer(
                "max_position_embeddings", default: defaults.contextLength, in: 1...1 << 24),
            embeddingSize: embeddingSize,
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

    /// transformers 5 keeps base and scaling in `rope_parameters`; before, the base stood alone.
    ///
    /// - Parameter kind: The key of one of several kinds of layers in `rope_parameters`.
    func rotary(theta: Float, of kind: String? = nil) throws(Failure) -> RotaryPositions {
        let key = self["rope_parameters"] == nil ? "rope_scaling" : "rope_parameters"
        var scaling = try JSONMembers(self[key] ?? .members([]), at: path)
        if let kind, let own = scaling[kind] { scaling = try JSONMembers(own, at: path) }
        for place in [self, scaling] {
            let whole = [JSONValue.float(1), .integer(1)]
            try place.require("partial_rotary_factor", default: whole[0], oneOf: whole)
        }
        let base = scaling["rope_theta"] == nil ? self : scaling
        let theta = try base.positive("rope_theta", default: theta)
        return RotaryPositions(theta: theta, scaling: try scaling.ropeScaling(key))
    }

    private func ropeScaling(_ key: String) throws(Failure) -> RopeScaling? {
        let kind = self["rope_type"] ?? self["type"] ?? .string("default")
        switch kind.string {
        case "default": return nil
        case "llama3":
            return RopeScaling(
                factor: try positive("factor"),
                lowFrequencyFactor: try positive("low_freq_factor"),
                highFrequencyFactor: try positive("high_freq_factor"),
                originalContextLength: try integer(
                    "original_max_position_embeddings", default: 0, in: 1...1 << 24))
        default: throw failure(key, expected: "rope_type default or llama3")
        }
    }

    func positive(_ key: String, default value: Float = 0) throws(Failure) -> Float {
        try float(key, default: value, expected: "a number above 0") { $0 > 0 && $0.isFinite }
    }
}

extension DecoderConfiguration {
    /// What config.json says of the sizes that Llama and its relatives share.
    var rotaryMembers: [String: JSONValue] {
        let rotary: RotaryPositions =
            if case .rotary(let rotary) = positions { rotary } else { RotaryPositions() }
        return [
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
            "rope_scaling": rotary.scaling.map(\.huggingFace) ?? .null,
            "rope_theta": .float(rotary.theta),
            "tie_word_embeddings": .boolean(isTied),
        ]
    }
}

extension RopeScaling {
    /// The scaling as config.json has it.
    package var huggingFace: JSONValue {
        .object([
            "factor": .float(factor), "high_freq_factor": .float(highFrequencyFactor),
            "low_freq_factor": .float(lowFrequencyFactor),
            "original_max_position_embeddings": .integer(originalContextLength),
            "rope_type": .string("llama3"),
        ])
    }
}

extension JSONMembers {
    /// Refuses attention that sees a window of the past only, unless the window is all of it.
    func requireNoWindow(below contextLength: Int, default value: Int) throws(Failure) {
        if self["sliding_window"] == nil && contains("sliding_window") { return }
        let window = try integer("sliding_window", default: value, in: 1...1 << 30)
        guard window >= contextLength else {
            throw failure("sliding_window", expected: "null, or at least \(contextLength)")
        }
    }
}
