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
    /// - Parameter scaling: What config.json says of a scaling of which the file holds factors.
    func configuration(
        of family: GGUFFamily, _ told: GGUFTensors.Told, scaling: [String: JSONValue] = [:]
    ) throws(Failure) -> HuggingFaceConfiguration {
        var members = try members(of: family)
        members["vocab_size"] = .integer(told.vocabularySize)
        members["tie_word_embeddings"] = .boolean(told.isTied || family.isAlwaysTied)
        if family.hasOptionalBiases {
            members["attention_bias"] = .boolean(told.hasAttentionBiases)
            members["mlp_bias"] = .boolean(told.hasMLPBiases)
        }
        members.merge(scaling) { $1 }
        for (key, member) in [("bos", "bos_token_id"), ("eos", "eos_token_id")] {
            members[member] = try json("tokenizer.ggml.\(key)_token_id") ?? .null
        }
        return try HuggingFaceConfiguration(json: .object(members), at: path)
    }

    /// What config.json of the family says of the sizes and features.
    private func members(of family: GGUFFamily) throws(Failure) -> [String: JSONValue] {
        var members = family.usual.merging(family.constants) { $1 }
        for (key, member) in family.members {
            let full = "\(family.name).\(key)"
            if let value = try json(full) {
                members[member] = value
            } else if family.required.contains(key) {
                throw failure(full, expected: "a number", nil)
            }
        }
        if let scaling = try GGUFScaling(self, of: family).json() {
            members["rope_scaling"] = scaling
        }
        var architecture = family.architecture
        if let windows = family.windows {
            let layerCount = members["num_hidden_layers"]?.integer ?? 0
            let own = try windows.members(self, family.name + ".", layerCount: layerCount)
            if own["sliding_window"] != .null {
                architecture = windows.architecture ?? architecture
            }
            members.merge(own) { $1 }
        }
        members["model_type"] = .string(architecture.name)
        try completeHeads(&members, of: family)
        return members
    }

    /// What llama.cpp takes of heads where the file does not tell.
    private func completeHeads(
        _ members: inout [String: JSONValue], of family: GGUFFamily
    ) throws(Failure) {
        guard let width = members["hidden_size"]?.integer,
            let heads = members["num_attention_heads"]?.integer, heads > 0
        else { return }
        let headSize = members["head_dim"]?.integer ?? width / heads
        members["head_dim"] = .integer(headSize)
        members["num_key_value_heads"] = members["num_key_value_heads"] ?? .integer(heads)
        if let large = family.largeLayerCount {
            let isLarge = members["num_hidden_layers"] == .integer(large)
            members["query_pre_attn_scalar"] = .integer(isLarge ? width / heads : headSize)
        }
        if let share = family.share,
            let turned = try integer("\(family.name).rope.dimension_count")
        {
            members[share] = .number(RotaryPositions.share(of: turned, headSize: headSize))
        }
    }

    /// Every key of the family has been understood: one that is passed over could change a result.
    func checkAllIsKnown(
        of family: GGUFFamily, _ model: DecoderConfiguration
    ) throws(Failure) {
        let prefix = family.name + "."
        for (key, value) in family.fixed(model) where fields[prefix + key] != nil {
            guard try integer(prefix + key) == value else {
                throw failure(prefix + key, expected: "\(value)", fields[prefix + key])
            }
        }
        for (key, field) in fields.sorted(by: { $0.key < $1.key }) where key.hasPrefix(prefix) {
            let name = String(key.dropFirst(prefix.count))
            let isAbsent = GGUFFamily.absent.contains(name) && field == .integer(0)
            guard family.knows(name, of: model) || isAbsent else {
                throw failure(key, expected: "no such key", field)
            }
        }
    }
}
