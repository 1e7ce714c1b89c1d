import Diagnostics
import Foundation
import JSON
import Models

/// The scaling of rotary positions under llama.cpp's keys: linear, yarn, and what belongs to the factors of
/// longrope, which are tensors. Of Llama 3's scaling files hold factors alone (`GGUFRotaryFactors`).
struct GGUFScaling {
    let metadata: GGUFMetadata
    /// What stands before the keys.
    let prefix: String

    private static let (linearKey, typeKey, factorKey) = (
        "rope.scale_linear", "rope.scaling.type", "rope.scaling.factor"
    )
    private static let (originalKey, amplitudeKey) = (
        "rope.scaling.original_context_length", "rope.scaling.attn_factor"
    )
    private static let (fastKey, slowKey) = (
        "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow"
    )
    private static let extrapolationKey = "rope.scaling.yarn_ext_factor"
    /// Of a model that was trained further with its scaling; nothing follows from it.
    private static let finetunedKey = "rope.scaling.finetuned"

    static let keys: Set<String> = [
        linearKey, typeKey, factorKey, originalKey, amplitudeKey, fastKey, slowKey,
        extrapolationKey, finetunedKey,
    ]

    init(_ metadata: GGUFMetadata, of family: GGUFFamily) {
        (self.metadata, prefix) = (metadata, family.name + ".")
    }

    // MARK: Reading

    /// The scaling that the keys name, as config.json has it; nil for none, and for that of factors.
    func json() throws(Failure) -> JSONValue? {
        let linear = try number(Self.linearKey)
        let factor = try number(Self.factorKey) ?? linear ?? 0
        switch try metadata.text(prefix + Self.typeKey) ?? "linear" {
        case "none", "longrope": return nil
        case "linear":
            try requirePlainAmplitude(isScaled: factor != 0)
            guard factor != 0 else { return nil }
            return .object(["rope_type": "linear", "factor": .float(factor)])
        case "yarn": return try yarn(factor)
        default:
            throw failure(Self.typeKey, expected: "\"linear\", \"yarn\", \"longrope\" or \"none\"")
        }
    }

    /// Without a type, the amplitude belongs to the factors of longrope where there is no other scaling.
    private func requirePlainAmplitude(isScaled: Bool) throws(Failure) {
        guard isScaled, let amplitude = try number(Self.amplitudeKey), amplitude != 1 else {
            return
        }
        throw failure(Self.amplitudeKey, expected: "1 beside a linear scaling")
    }

    private func yarn(_ factor: Float) throws(Failure) -> JSONValue {
        let extrapolation = try number(Self.extrapolationKey)
        guard [nil, 1, -1].contains(extrapolation) else {
            throw failure(Self.extrapolationKey, expected: "1")
        }
        let context = try metadata.json(prefix + "context_length")
        var members: [String: JSONValue] = [
            "rope_type": "yarn", "factor": .float(factor),
            "original_max_position_embeddings":
                try metadata.json(prefix + Self.originalKey) ?? context ?? .null,
        ]
        for (key, member) in [(Self.fastKey, "beta_fast"), (Self.slowKey, "beta_slow")] {
            if let turns = try number(key) { members[member] = .float(turns) }
        }
        // llama.cpp multiplies with the amplitude of the factor, which config.json replaces.
        if let own = try number(Self.amplitudeKey), own != 1 {
            members["attention_factor"] = .float(own * (0.1 * log(max(factor, 1)) + 1))
        }
        return .object(members)
    }

    /// The scaling of these factors for short and for long sequences, and the context up to which sequences
    /// are short, as config.json has them.
    func longRope(
        short: [Float], long: [Float]
    ) throws(Failure) -> [String: JSONValue] {
        let context = try metadata.json(prefix + "context_length")
        let scaling = JSONValue.object([
            "rope_type": "longrope", "short_factor": .array(short.map { .float($0) }),
            "long_factor": .array(long.map { .float($0) }),
            "attention_factor": .float(try number(Self.amplitudeKey) ?? 1),
        ])
        return [
            "rope_scaling": scaling,
            "original_max_position_embeddings":
                try metadata.json(prefix + Self.originalKey) ?? context ?? .null,
        ]
    }

    private func number(_ key: String) throws(Failure) -> Float? {
        try metadata.number(prefix + key)
    }

    private func failure(_ key: String, expected: String) -> Failure {
        metadata.failure(prefix + key, expected: expected, metadata.fields[prefix + key])
    }

    // MARK: Writing

    /// The keys of a model's scaling; none for what has no keys.
    static func metadata(of model: DecoderConfiguration) -> [(key: String, value: GGUFValue)] {
        guard case .rotary(let rotary) = model.positions else { return [] }
        switch rotary.scaling {
        case .linear(let factor):
            return [(typeKey, .text("linear")), (factorKey, .number(factor))]
        case .yarn(let yarn):
            let own: [(String, GGUFValue)] = [
                (typeKey, .text("yarn")), (factorKey, .number(yarn.factor)),
                (originalKey, .integer(UInt32(yarn.originalContextLength))),
            ]
            return own + (yarn.fastTurns == 32 ? [] : [(fastKey, .number(yarn.fastTurns))])
                + (yarn.slowTurns == 1 ? [] : [(slowKey, .number(yarn.slowTurns))])
        case .longRope(let scaling):
            let amplitude = rotary.amplitude(contextLength: model.contextLength)
            return [
                (typeKey, .text("longrope")), (amplitudeKey, .number(amplitude)),
                (originalKey, .integer(UInt32(scaling.originalContextLength))),
            ]
        case nil, .dynamic, .llama3: return []
        }
    }
}
