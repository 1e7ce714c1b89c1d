import Diagnostics
import JSON

/// Where config.json of a family says how positions turn.
struct RotaryKeys {
    /// What the base is called where it stands alone.
    var theta = "rope_theta"
    /// What the share of a head that turns is called there; nil where all of it does.
    var share: String?
    var usualShare = 1.0
    /// The kind of layers in `rope_parameters` that turn as usual, where there are several.
    var layerKind: String?
    /// The context of the training before a scaling, where config.json does not tell; nil takes the context.
    var originalContextLength: Int?
    /// Words for longrope.
    var longRopeNames: Set<String> = ["longrope"]
}

extension JSONMembers {
    /// How positions turn. transformers 5 keeps base and scaling in `rope_parameters`; before, the base stood
    /// alone.
    func rotary(
        theta: Float, _ keys: RotaryKeys, headSize: Int, contextLength: Int
    ) throws(Failure) -> RotaryPositions {
        let key = self["rope_parameters"] == nil ? "rope_scaling" : "rope_parameters"
        var scaling = try JSONMembers(self[key] ?? .members([]), at: path)
        if let kind = keys.layerKind, let own = scaling[kind] {
            scaling = try JSONMembers(own, at: path)
        }
        let hasOwnTheta = scaling["rope_theta"] != nil
        var positions = RotaryPositions(
            theta: try (hasOwnTheta ? scaling : self).positive(
                hasOwnTheta ? "rope_theta" : keys.theta, default: theta),
            share: try share(keys, scaling))
        let size = positions.turnedSize(headSize: headSize)
        guard size > 0, size.isMultiple(of: 2) else {
            throw failure(
                keys.share ?? "head_dim", expected: "an even number of a head's values that turn")
        }
        let original = try originalContextLength(keys, scaling, contextLength)
        positions.scaling = try scaling.rotaryScaling(
            keys, planes: size / 2, original: original)
        return positions
    }

    private func share(_ keys: RotaryKeys, _ scaling: JSONMembers) throws(Failure) -> Double {
        let inner = "partial_rotary_factor"
        guard let own = keys.share else {
            let whole = [JSONValue.float(1), .integer(1)]
            try require(inner, default: whole[0], oneOf: whole)
            try scaling.require(inner, default: whole[0], oneOf: whole)
            return 1
        }
        guard let given = scaling[inner] ?? self[own] else { return keys.usualShare }
        guard let share = given.double, share > 0, share <= 1 else {
            throw failure(own, expected: "a number above 0, to 1")
        }
        return share
    }

    private func originalContextLength(
        _ keys: RotaryKeys, _ scaling: JSONMembers, _ contextLength: Int
    ) throws(Failure) -> Int {
        let key = "original_max_position_embeddings"
        let range = 2...1 << 24
        if self[key] != nil { return try integer(key, default: 0, in: range) }
        if let original = keys.originalContextLength { return original }
        return try scaling.integer(key, default: max(2, contextLength), in: range)
    }

    private func rotaryScaling(
        _ keys: RotaryKeys, planes: Int, original: Int
    ) throws(Failure) -> RotaryScaling? {
        let kind = (self["rope_type"] ?? self["type"] ?? .string("default")).string ?? ""
        if keys.longRopeNames.contains(kind) {
            return .longRope(try longRope(planes: planes, original: original))
        }
        switch kind {
        case "default": return nil
        case "linear": return .linear(factor: try positive("factor"))
        case "dynamic": return .dynamic(factor: try positive("factor"))
        case "llama3":
            return .llama3(
                RopeScaling(
                    factor: try positive("factor"),
                    lowFrequencyFactor: try positive("low_freq_factor"),
                    highFrequencyFactor: try positive("high_freq_factor"),
                    originalContextLength: original))
        case "yarn": return .yarn(try yarn(original: original))
        default:
            throw failure(
                self["rope_type"] == nil ? "type" : "rope_type",
                expected: "default, linear, dynamic, llama3, yarn or longrope")
        }
    }

    private func yarn(original: Int) throws(Failure) -> YarnScaling {
        var yarn = YarnScaling(factor: try positive("factor"), originalContextLength: original)
        yarn.fastTurns = try positive("beta_fast", default: 32)
        yarn.slowTurns = try positive("beta_slow", default: 1)
        yarn.isWhole = try flag("truncate", default: true)
        yarn.attentionFactor = try number("attention_factor")
        let scales = [try number("mscale"), try number("mscale_all_dim")]
        if let above = scales[0], let below = scales[1], above != 0, below != 0 {
            yarn.scales = [above, below]
        }
        return yarn
    }

    private func longRope(planes: Int, original: Int) throws(Failure) -> LongRopeScaling {
        LongRopeScaling(
            shortFactors: try factors("short_factor", count: planes),
            longFactors: try factors("long_factor", count: planes),
            originalContextLength: original, factor: try number("factor"),
            attentionFactor: try number("attention_factor"))
    }

    private func factors(_ key: String, count: Int) throws(Failure) -> [Float] {
        let factors = (self[key]?.array ?? []).compactMap { $0.double.map { Float($0) } }
        guard factors.count == count, factors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw failure(key, expected: "\(count) numbers above 0")
        }
        return factors
    }

    private func number(_ key: String) throws(Failure) -> Float? {
        guard self[key] != nil else { return nil }
        return try float(key, default: 0, expected: "a number from 0 on") {
            $0 >= 0 && $0.isFinite
        }
    }

    func positive(_ key: String, default value: Float = 0) throws(Failure) -> Float {
        try float(key, default: value, expected: "a number above 0") { $0 > 0 && $0.isFinite }
    }
}

extension RotaryPositions {
    /// The scaling as config.json has it.
    package var huggingFaceScaling: JSONValue {
        switch scaling {
        case nil: .null
        case .linear(let factor): .object(["factor": .float(factor), "rope_type": "linear"])
        case .dynamic(let factor): .object(["factor": .float(factor), "rope_type": "dynamic"])
        case .llama3(let scaling): scaling.huggingFace
        case .yarn(let scaling): scaling.huggingFace
        case .longRope(let scaling): scaling.huggingFace
        }
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

extension YarnScaling {
    fileprivate var huggingFace: JSONValue {
        let scales: [String: JSONValue] =
            scales.map {
                ["mscale": .float($0[0]), "mscale_all_dim": .float($0[1])]
            } ?? [:]
        let own: [String: JSONValue] = [
            "beta_fast": .float(fastTurns), "beta_slow": .float(slowTurns),
            "factor": .float(factor),
            "original_max_position_embeddings": .integer(originalContextLength),
            "rope_type": .string("yarn"), "truncate": .boolean(isWhole),
        ]
        let factor = attentionFactor.map { ["attention_factor": JSONValue.float($0)] } ?? [:]
        return .object(own.merging(scales) { $1 }.merging(factor) { $1 })
    }
}

extension LongRopeScaling {
    /// The original context stands beside it.
    fileprivate var huggingFace: JSONValue {
        var members: [String: JSONValue] = [
            "long_factor": .array(longFactors.map { .float($0) }), "rope_type": .string("longrope"),
            "short_factor": .array(shortFactors.map { .float($0) }), "type": .string("longrope"),
        ]
        if let factor { members["factor"] = .float(factor) }
        if let attentionFactor { members["attention_factor"] = .float(attentionFactor) }
        return .object(members)
    }
}
