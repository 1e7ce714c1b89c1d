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
    /// Families of other names that stand in files as this one.
    var relatives: [Architecture] = []
    /// The keys behind the name with the members of config.json that they hold.
    let members: [(key: String, member: String)]
    /// Keys without which there is no model; the others have the defaults of llama.cpp.
    let required: Set<String>
    /// Members of config.json that every file of the family means.
    let constants: [String: JSONValue]
    /// Whether the tensors of a file tell which linear layers have biases.
    var hasOptionalBiases = false
    /// Whether llama.cpp wants an output layer also where it is the embedding table.
    var repeatsTable = false
    /// Keys of sizes that follow from the others.
    let fixed: @Sendable (DecoderConfiguration) -> [(key: String, value: Int)]

    /// Keys that change nothing: sizes that follow from the tensors, and words of converters.
    static let harmless: Set<String> = ["vocab_size", "tensor_data_layout"]
    /// Keys that say of a feature that it is not there where they are 0.
    static let absent: Set<String> = ["expert_count", "expert_used_count"]

    static let all = [gpt2, llama, qwen2, qwen3, smolLM3, olmo2, gemma]

    /// The family as which models of an architecture stand in files; nil where llama.cpp has none.
    static func family(of architecture: Architecture) -> GGUFFamily? {
        all.first { ([$0.architecture] + $0.relatives).contains { $0.name == architecture.name } }
    }
}

extension GGUFFamily {
    static let gpt2 = GGUFFamily(
        name: "gpt2", architecture: .gpt2,
        members: [
            ("context_length", "n_positions"), ("embedding_length", "n_embd"),
            ("block_count", "n_layer"), ("attention.head_count", "n_head"),
            ("attention.layer_norm_epsilon", "layer_norm_epsilon"),
            ("feed_forward_length", "n_inner"),
        ],
        required: ["context_length", "embedding_length", "block_count", "attention.head_count"],
        constants: [
            "activation_function": "gelu_new", "resid_pdrop": .integer(0),
            "embd_pdrop": .integer(0), "attn_pdrop": .integer(0),
        ],
        fixed: { [("feed_forward_length", $0.mlpSize), ("attention.head_count_kv", $0.headCount)] })

    /// Llama, and what is computed as it: Mistral without a window, SmolLM2.
    static let llama = rotary(
        name: "llama", .llama, relatives: [.mistral], constants: ["hidden_act": "silu"],
        hasOptionalBiases: true)

    static let qwen2 = rotary(
        name: "qwen2", .qwen2, constants: ["hidden_act": "silu", "use_sliding_window": false])

    static let qwen3 = rotary(
        name: "qwen3", .qwen3,
        constants: ["hidden_act": "silu", "use_sliding_window": false, "attention_bias": false])

    /// llama.cpp knows no other layers without positions than each fourth.
    static let smolLM3 = rotary(
        name: "smollm3", .smolLM3,
        constants: [
            "hidden_act": "silu", "no_rope_layer_interval": .integer(4),
            "use_sliding_window": false, "attention_bias": false, "mlp_bias": false,
        ])

    static let olmo2 = rotary(
        name: "olmo2", .olmo2, constants: ["hidden_act": "silu", "attention_bias": false],
        repeatsTable: true)

    static let gemma = rotary(
        name: "gemma", .gemma,
        constants: ["hidden_activation": "gelu_pytorch_tanh", "attention_bias": false])

    /// A family with rotary positions and root mean square norms.
    private static func rotary(
        name: String, _ architecture: Architecture, relatives: [Architecture] = [],
        constants: [String: JSONValue], hasOptionalBiases: Bool = false,
        repeatsTable: Bool = false
    ) -> GGUFFamily {
        GGUFFamily(
            name: name, architecture: architecture, relatives: relatives,
            members: [
                ("context_length", "max_position_embeddings"), ("embedding_length", "hidden_size"),
                ("block_count", "num_hidden_layers"), ("feed_forward_length", "intermediate_size"),
                ("attention.head_count", "num_attention_heads"),
                ("attention.head_count_kv", "num_key_value_heads"),
                ("attention.key_length", "head_dim"),
                ("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
                ("rope.freq_base", "rope_theta"),
            ],
            required: [
                "context_length", "embedding_length", "block_count", "feed_forward_length",
                "attention.head_count", "attention.layer_norm_rms_epsilon",
            ],
            constants: constants, hasOptionalBiases: hasOptionalBiases,
            repeatsTable: repeatsTable,
            fixed: {
                [
                    ("attention.key_length", $0.headSize),
                    ("attention.value_length", $0.headSize), ("rope.dimension_count", $0.headSize),
                ]
            })
    }
}
