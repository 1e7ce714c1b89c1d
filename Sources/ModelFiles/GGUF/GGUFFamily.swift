import Diagnostics
import JSON
import Models

/// How the models of a family stand in GGUF files: what config.json calls the values of its metadata.
///
/// Tensors have the same names in all families, by what their modules do; which rows stand in another
/// order is told by the features of the configuration. A new family is a value here and a row in `all`.
struct GGUFFamily: Sendable {
    /// The family's name in `general.architecture`, which its keys begin with.
    let name: String
    let architecture: Architecture
    /// The members of config.json by the keys behind the name.
    let members: KeyValuePairs<String, String>
    /// Keys without which there is no model; the others have the defaults of llama.cpp.
    let required: Set<String>
    /// Members of config.json that every file of the family means.
    let constants: [String: JSONValue]
    /// Keys of other values that mean what the model computes anyway.
    let fixed: @Sendable (GGUFMetadata, DecoderConfiguration) -> [(key: String, value: Int)]

    /// Keys that change nothing: sizes that follow from the tensors, and words of converters.
    static let harmless: Set<String> = ["vocab_size", "tensor_data_layout"]
    /// Keys that say of a feature that it is not there where they are 0.
    static let absent: Set<String> = ["expert_count", "expert_used_count"]

    static let all = [gpt2, llama]

    static let gpt2 = GGUFFamily(
        name: "gpt2", architecture: .gpt2,
        members: [
            "context_length": "n_positions", "embedding_length": "n_embd",
            "block_count": "n_layer", "attention.head_count": "n_head",
            "attention.layer_norm_epsilon": "layer_norm_epsilon",
            "feed_forward_length": "n_inner",
        ],
        required: ["context_length", "embedding_length", "block_count", "attention.head_count"],
        constants: [
            "activation_function": "gelu_new", "resid_pdrop": .integer(0),
            "embd_pdrop": .integer(0), "attn_pdrop": .integer(0),
        ],
        fixed: { _, model in [("attention.head_count_kv", model.headCount)] })

    /// Llama, and what is computed as it: Mistral without a window, SmolLM2.
    static let llama = GGUFFamily(
        name: "llama", architecture: .llama,
        members: [
            "context_length": "max_position_embeddings", "embedding_length": "hidden_size",
            "block_count": "num_hidden_layers", "feed_forward_length": "intermediate_size",
            "attention.head_count": "num_attention_heads",
            "attention.head_count_kv": "num_key_value_heads",
            "attention.key_length": "head_dim",
            "attention.layer_norm_rms_epsilon": "rms_norm_eps", "rope.freq_base": "rope_theta",
        ],
        required: [
            "context_length", "embedding_length", "block_count", "feed_forward_length",
            "attention.head_count", "attention.layer_norm_rms_epsilon",
        ],
        constants: ["hidden_act": "silu", "attention_bias": false, "mlp_bias": false],
        fixed: { _, model in
            [
                ("attention.value_length", model.headSize),
                ("rope.dimension_count", model.headSize),
            ]
        })
}

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

    /// What config.json of the family says of the sizes and features.
    func members(of family: GGUFFamily) throws(Failure) -> [String: JSONValue] {
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
        let fixed = family.fixed(self, model)
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
