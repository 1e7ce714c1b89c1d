import JSON
import Models

extension GGUFFamily {
    static let all = [
        gpt2, llama, qwen2, qwen3, smolLM3, olmo2, gemma, gemma2, gemma3, phi3, gptNeoX,
    ]

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

    /// Llama, and what is computed as it: Mistral, SmolLM2.
    static let llama = rotary(
        name: "llama", .llama, relatives: [.mistral], constants: ["hidden_act": "silu"]
    ) {
        $0.windows = GGUFWindows(architecture: .mistral)
        $0.hasOptionalBiases = true
    }

    static let qwen2 = rotary(
        name: "qwen2", .qwen2, constants: ["hidden_act": "silu", "use_sliding_window": false]
    ) { $0.windows = GGUFWindows(flag: "use_sliding_window") }

    static let qwen3 = rotary(
        name: "qwen3", .qwen3,
        constants: ["hidden_act": "silu", "use_sliding_window": false, "attention_bias": false]
    ) { $0.windows = GGUFWindows(flag: "use_sliding_window") }

    /// llama.cpp knows no other layers without positions than each fourth.
    static let smolLM3 = rotary(
        name: "smollm3", .smolLM3,
        constants: [
            "hidden_act": "silu", "no_rope_layer_interval": .integer(4),
            "use_sliding_window": false, "attention_bias": false, "mlp_bias": false,
        ]
    ) { $0.windows = GGUFWindows(flag: "use_sliding_window") }

    static let olmo2 = rotary(
        name: "olmo2", .olmo2, constants: ["hidden_act": "silu", "attention_bias": false]
    ) { $0.repeatsTable = true }

    static let gemma = rotary(name: "gemma", .gemma, constants: gemmaConstants) {
        $0.isAlwaysTied = true
    }

    static let gemma2 = rotary(
        name: "gemma2", .gemma2, constants: gemmaConstants,
        members: [
            ("attn_logit_softcapping", "attn_logit_softcapping"),
            ("final_logit_softcapping", "final_logit_softcapping"),
        ]
    ) {
        $0.windows = GGUFWindows(period: 2, usualWindow: 4096, isHeeded: true)
        $0.largeLayerCount = 46
        $0.isAlwaysTied = true
    }

    /// The base of layers that see a window has no key in older files; llama.cpp takes 10,000.
    static let gemma3 = rotary(
        name: "gemma3", .gemma3, constants: gemmaConstants,
        members: [("rope.freq_base_swa", "rope_local_base_freq")]
    ) {
        $0.windows = GGUFWindows(period: 6, isHeeded: true)
        $0.largeLayerCount = 62
    }

    static let phi3 = rotary(
        name: "phi3", .phi3,
        constants: [
            "hidden_act": "silu", "resid_pdrop": .integer(0), "embd_pdrop": .integer(0),
        ]
    ) {
        $0.windows = GGUFWindows()
        $0.share = "partial_rotary_factor"
    }

    /// Files do not tell which form of GELU it is: the exact one is that of all models that are known,
    /// though llama.cpp computes the other.
    static let gptNeoX = GGUFFamily(
        name: "gptneox", architecture: .gptNeoX,
        members: [
            ("context_length", "max_position_embeddings"), ("embedding_length", "hidden_size"),
            ("block_count", "num_hidden_layers"), ("feed_forward_length", "intermediate_size"),
            ("attention.head_count", "num_attention_heads"),
            ("attention.layer_norm_epsilon", "layer_norm_eps"),
            ("rope.freq_base", "rotary_emb_base"),
            ("use_parallel_residual", "use_parallel_residual"),
        ],
        required: [
            "context_length", "embedding_length", "block_count", "feed_forward_length",
            "attention.head_count", "attention.layer_norm_epsilon",
        ],
        constants: ["hidden_act": "gelu", "attention_bias": true],
        usual: [
            "rotary_emb_base": .integer(10_000), "rotary_pct": .integer(1),
            "use_parallel_residual": true,
        ],
        share: "rotary_pct", repeatsTable: true,
        fixed: { [("attention.head_count_kv", $0.headCount)] + $0.ggufHeadSizes })

    private static let gemmaConstants: [String: JSONValue] = [
        "hidden_activation": "gelu_pytorch_tanh", "attention_bias": false,
    ]

    /// A family with rotary positions and root mean square norms.
    private static func rotary(
        name: String, _ architecture: Architecture, relatives: [Architecture] = [],
        constants: [String: JSONValue], members: [(String, String)] = [],
        _ addFeatures: (inout GGUFFamily) -> Void = { _ in }
    ) -> GGUFFamily {
        let common = [
            ("context_length", "max_position_embeddings"), ("embedding_length", "hidden_size"),
            ("block_count", "num_hidden_layers"), ("feed_forward_length", "intermediate_size"),
            ("attention.head_count", "num_attention_heads"),
            ("attention.head_count_kv", "num_key_value_heads"),
            ("attention.key_length", "head_dim"),
            ("attention.layer_norm_rms_epsilon", "rms_norm_eps"), ("rope.freq_base", "rope_theta"),
        ]
        var family = GGUFFamily(
            name: name, architecture: architecture, relatives: relatives,
            members: common + members,
            required: [
                "context_length", "embedding_length", "block_count", "feed_forward_length",
                "attention.head_count", "attention.layer_norm_rms_epsilon",
            ],
            constants: constants, usual: ["rope_theta": .integer(10_000)],
            fixed: { [("attention.key_length", $0.headSize)] + $0.ggufHeadSizes })
        addFeatures(&family)
        return family
    }
}

extension DecoderConfiguration {
    /// Keys of the sizes of a head's values and of its part that turns.
    fileprivate var ggufHeadSizes: [(key: String, value: Int)] {
        guard case .rotary(let rotary) = positions else { return [] }
        return [
            ("attention.value_length", headSize),
            ("rope.dimension_count", rotary.turnedSize(headSize: headSize)),
        ]
    }
}
