import Models

/// The names of llama.cpp for the modules of Hugging Face.
private let moduleNames = [
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm", "ln_1": "attn_norm", "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output", "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
]

extension ModelConfiguration {
    var ggufArchitecture: String {
        switch self {
        case .gpt2: "gpt2"
        case .llama: "llama"
        }
    }

    /// The sizes under llama.cpp's keys.
    var ggufMetadata: [(key: String, value: GGUFValue)] {
        var sizes: [(String, Int)] = [
            ("vocab_size", vocabularySize), ("context_length", contextLength),
            ("embedding_length", embeddingSize), ("block_count", layerCount),
            ("attention.head_count", headCount),
        ]
        var numbers: [(String, Float)] = []
        switch self {
        case .gpt2:
            sizes.append(("feed_forward_length", 4 * embeddingSize))
            numbers.append(("attention.layer_norm_epsilon", normEpsilon))
        case .llama(let llama):
            sizes += [
                ("feed_forward_length", llama.mlpSize),
                ("attention.head_count_kv", llama.keyValueHeadCount),
                ("attention.key_length", llama.headSize),
                ("attention.value_length", llama.headSize),
                ("rope.dimension_count", llama.headSize),
            ]
            numbers += [
                ("attention.layer_norm_rms_epsilon", normEpsilon),
                ("rope.freq_base", llama.ropeTheta),
            ]
        }
        let prefix = ggufArchitecture
        return sizes.map { ("\(prefix).\($0)", .integer(UInt32($1))) }
            + numbers.map { ("\(prefix).\($0)", .number($1)) }
    }

    /// The tensors under llama.cpp's names and in its layouts: weights [out, in], and planes of
    /// rotary positions that are neighbours.
    ///
    /// - Parameter tensors: those of `tensorShapes`.
    func ggufTensors(_ tensors: [NamedTensor], type: GGUFType) -> [GGUFTensor] {
        tensors.map { tensor in
            let name = Self.ggufName(tensor.name)
            let isTransposed = tensor.shape.count == 2 && tensor.name.contains(".c_")
            let shape = isTransposed ? tensor.shape.reversed() : tensor.shape
            return GGUFTensor(name: name, shape: shape, type: type.stored(name, shape: shape)) {
                isTransposed ? tensor.transposed : rotaryRows(tensor)
            }
        } + ropeFactors
    }

    private static func ggufName(_ name: String) -> String {
        let parts = name.split(separator: ".").map(String.init)
        let isLayer = parts[1] == "h" || parts[1] == "layers"
        let module = parts[(isLayer ? 3 : 0)..<parts.count - 1].joined(separator: ".")
        guard let newName = moduleNames[module] else { preconditionFailure("no name for \(name)") }
        return (isLayer ? "blk.\(parts[2])." : "") + "\(newName).\(parts[parts.count - 1])"
    }

    private func rotaryRows(_ tensor: NamedTensor) -> [Float] {
        var values = Array(tensor.values)
        guard case .llama(let sizes) = self,
            tensor.name.hasSuffix("q_proj.weight") || tensor.name.hasSuffix("k_proj.weight")
        else { return values }
        let rows = RotaryRows(headSize: sizes.headSize, width: sizes.embeddingSize)
        values.withUnsafeMutableBufferPointer { rows.interleave($0) }
        return values
    }

    /// By how much Llama 3's scaling divides each frequency.
    private var ropeFactors: [GGUFTensor] {
        guard case .llama(let sizes) = self, sizes.ropeScaling != nil else { return [] }
        var unscaled = sizes
        unscaled.ropeScaling = nil
        let factors = zip(unscaled.ropeFrequencies, sizes.ropeFrequencies).map { $0 / $1 }
        return [
            GGUFTensor(name: "rope_freqs.weight", shape: [factors.count], type: .float32) {
                factors
            }
        ]
    }
}

extension NamedTensor {
    /// Of a matrix: its columns as rows.
    fileprivate var transposed: [Float] {
        let (rows, columns) = (shape[0], shape[1])
        return [Float](unsafeUninitializedCapacity: values.count) { out, count in
            for row in 0..<rows {
                for column in 0..<columns {
                    out[column * rows + row] = values[row * columns + column]
                }
            }
            count = values.count
        }
    }
}
