import Diagnostics
import JSON
import Models

extension GGUFMetadata {
    /// The family that `general.architecture` names.
    ///
    /// - Throws: `Failure` for one that this program does not compute.
    func family() throws(Failure) -> GGUFFamily {
        let key = "general.architecture"
        let name = try text(key)
        guard let family = GGUFFamily.all.first(where: { $0.name == name }) else {
            throw failure(
                key, expected: GGUFFamily.all.map { "\"\($0.name)\"" }.joined(separator: " or "),
                fields[key])
        }
        return family
    }

    /// The configuration, as the config.json would be read that says the same.
    ///
    /// - Parameter scaling: What the file tells in a tensor of its own.
    func configuration(
        of family: GGUFFamily, _ told: GGUFTensors.Told, scaling: RopeScaling? = nil
    ) throws(Failure) -> HuggingFaceConfiguration {
        var members = try members(of: family)
        members["model_type"] = .string(family.architecture.name)
        members["vocab_size"] = .integer(told.vocabularySize)
        members["tie_word_embeddings"] = .boolean(told.isTied)
        if family.hasOptionalBiases {
            members["attention_bias"] = .boolean(told.hasAttentionBiases)
            members["mlp_bias"] = .boolean(told.hasMLPBiases)
        }
        if let scaling { members["rope_scaling"] = scaling.huggingFace }
        for (key, member) in [("bos", "bos_token_id"), ("eos", "eos_token_id")] {
            members[member] = try json("tokenizer.ggml.\(key)_token_id") ?? .null
        }
        return try HuggingFaceConfiguration(json: .object(members), at: path)
    }

    /// What config.json of the family says of the sizes and features.
    private func members(of family: GGUFFamily) throws(Failure) -> [String: JSONValue] {
        var members = family.constants
        for (key, member) in family.members {
            let full = "\(family.name).\(key)"
            if let value = try json(full) {
                members[member] = value
            } else if family.required.contains(key) {
                throw failure(full, expected: "a number", nil)
            }
        }
        if let scaling = try ropeScaling(family) { members["rope_scaling"] = scaling }
        return members
    }

    /// The scaling of rotary positions that the metadata names, as config.json would.
    private func ropeScaling(_ family: GGUFFamily) throws(Failure) -> JSONValue? {
        let prefix = "\(family.name).rope."
        let type = try text("\(prefix)scaling.type")
        let linear = try json("\(prefix)scale_linear")
        let factor = try json("\(prefix)scaling.factor") ?? linear
        guard let name = type ?? (factor == nil ? nil : "linear"), name != "none" else {
            return nil
        }
        guard name == "linear" else {
            throw failure(
                "\(prefix)scaling.type", expected: "\"linear\" or \"none\"",
                fields["\(prefix)scaling.type"])
        }
        var members: [String: JSONValue] = ["rope_type": .string(name), "factor": factor ?? .null]
        if let original = try json("\(prefix)scaling.original_context_length") {
            members["original_max_position_embeddings"] = original
        }
        return .object(members)
    }

    /// Every key of the family has been understood: one that is passed over could change a result.
    func checkAllIsKnown(
        of family: GGUFFamily, _ model: DecoderConfiguration
    ) throws(Failure) {
        let prefix = family.name + "."
        let fixed = family.fixed(model)
        for (key, value) in fixed where fields[prefix + key] != nil {
            guard try integer(prefix + key) == value else {
                throw failure(prefix + key, expected: "\(value)", fields[prefix + key])
            }
        }
        let known = GGUFFamily.harmless.union(family.members.map(\.key)).union(fixed.map(\.key))
        for (key, field) in fields.sorted(by: { $0.key < $1.key }) where key.hasPrefix(prefix) {
            let name = String(key.dropFirst(prefix.count))
            let isAbsent = GGUFFamily.absent.contains(name) && field == .integer(0)
            guard known.contains(name) || name.hasPrefix("rope.scal") || isAbsent else {
                throw failure(key, expected: "no such key", field)
            }
        }
    }
}
