import Models

extension DecoderModule {
    /// The name of llama.cpp.
    fileprivate var ggufName: String {
        switch self {
        case .tokenEmbedding: "token_embd"
        case .positionEmbedding: "position_embd"
        case .attentionNorm: "attn_norm"
        case .queriesKeysValues: "attn_qkv"
        case .queries: "attn_q"
        case .keys: "attn_k"
        case .values: "attn_v"
        case .attentionOutput: "attn_output"
        case .queryNorm: "attn_q_norm"
        case .keyNorm: "attn_k_norm"
        case .attentionResultNorm: "post_attention_norm"
        case .mlpNorm: "ffn_norm"
        case .gate: "ffn_gate"
        case .raise: "ffn_up"
        case .lower: "ffn_down"
        case .mlpResultNorm: "post_ffw_norm"
        case .finalNorm: "output_norm"
        case .output: "output"
        }
    }
}

extension DecoderTensor {
    /// The name in a GGUF file.
    var ggufName: String {
        (layer.map { "blk.\($0)." } ?? "") + module.ggufName + (isBias ? ".bias" : ".weight")
    }
}

extension DecoderConfiguration {
    /// The sizes under llama.cpp's keys.
    var ggufMetadata: [(key: String, value: GGUFValue)] {
        var sizes: [(String, Int)] = [
            ("vocab_size", vocabularySize), ("context_length", contextLength),
            ("embedding_length", embeddingSize), ("block_count", layerCount),
            ("attention.head_count", headCount), ("feed_forward_length", mlpSize),
        ]
        let epsilonKey =
            switch norm {
            case .layer: "attention.layer_norm_epsilon"
            case .rootMeanSquare: "attention.layer_norm_rms_epsilon"
            }
        var numbers: [(String, Float)] = [(epsilonKey, normEpsilon)]
        if case .rotary(let rotary) = positions {
            sizes += [
                ("attention.head_count_kv", keyValueHeadCount),
                ("attention.key_length", headSize), ("attention.value_length", headSize),
                ("rope.dimension_count", headSize),
            ]
            numbers.append(("rope.freq_base", rotary.theta))
        }
        let prefix = architecture.name
        return sizes.map { ("\(prefix).\($0)", .integer(UInt32($1))) }
            + numbers.map { ("\(prefix).\($0)", .number($1)) }
    }

    /// The tensors under llama.cpp's names and in its layouts: weights [out, in], and planes of
    /// rotary positions as the architecture has them there.
    ///
    /// - Parameter values: those of `tensors`.
    func ggufTensors(_ values: [NamedTensor], type: GGUFType) -> [GGUFTensor] {
        let tensors = tensors
        precondition(
            values.map(\.name) == tensors.map(\.name),
            "expected \(tensors.map(\.name)), got \(values.map(\.name))")
        return zip(tensors, values).map { tensor, values in
            let shape = ggufShape(of: tensor)
            return GGUFTensor(
                name: tensor.ggufName, shape: shape,
                type: type.stored(tensor.ggufName, shape: shape)
            ) { isTransposed(tensor) ? values.transposed : moved(values, of: tensor) }
        } + ropeFactors
    }

    /// Weights are [out, in] in GGUF files.
    func isTransposed(_ tensor: DecoderTensor) -> Bool {
        weightLayout == .inputFirst && tensor.module.isLinear && !tensor.isBias
    }

    /// The shape of a tensor in a GGUF file, rows first.
    func ggufShape(of tensor: DecoderTensor) -> [Int] {
        isTransposed(tensor) ? tensor.shape.reversed() : tensor.shape
    }

    /// The order of the rows of a tensor whose planes are neighbours in GGUF files; nil for others.
    func rotaryRows(of tensor: DecoderTensor) -> RotaryRows? {
        guard architecture.hasNeighbouringPlanesInGGUF,
            tensor.module == .queries || tensor.module == .keys
        else { return nil }
        return RotaryRows(headSize: headSize, width: tensor.isBias ? 1 : embeddingSize)
    }

    private func moved(_ stored: NamedTensor, of tensor: DecoderTensor) -> [Float] {
        var values = Array(stored.values)
        guard let rows = rotaryRows(of: tensor) else { return values }
        values.withUnsafeMutableBufferPointer { rows.interleave($0) }
        return values
    }

    /// By how much scaling divides each frequency of rotary positions.
    private var ropeFactors: [GGUFTensor] {
        guard case .rotary(let rotary) = positions, rotary.scaling != nil else { return [] }
        let factors = zip(
            RotaryPositions(theta: rotary.theta).frequencies(headSize: headSize),
            rotary.frequencies(headSize: headSize)
        ).map { $0 / $1 }
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
