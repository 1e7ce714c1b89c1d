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
        case .gateAndRaise: "ffn_up"
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
                type: type.stored(tensor, shape: shape, of: self)
            ) { isTransposed(tensor) ? values.transposed : moved(values, of: tensor) }
        } + ggufRotaryFactors
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

    /// The order of the rows of a tensor whose heads lie together in the model; nil for others.
    func joinedRows(of tensor: DecoderTensor) -> JoinedRows? {
        guard joinsByHead, tensor.module == .queriesKeysValues else { return nil }
        return JoinedRows(
            headCount: headCount, headSize: headSize, width: tensor.isBias ? 1 : embeddingSize)
    }

    /// What a file holds more than the model: it holds whole gains.
    func ggufOffset(of tensor: DecoderTensor) -> Float {
        tensor.module.isNorm && !tensor.isBias ? gainOffset : 0
    }

    private func moved(_ stored: NamedTensor, of tensor: DecoderTensor) -> [Float] {
        var values = Array(stored.values)
        let offset = ggufOffset(of: tensor)
        if offset != 0 { for index in values.indices { values[index] += offset } }
        values.withUnsafeMutableBufferPointer {
            rotaryRows(of: tensor)?.interleave($0)
            joinedRows(of: tensor)?.joinByKind($0)
        }
        return values
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
