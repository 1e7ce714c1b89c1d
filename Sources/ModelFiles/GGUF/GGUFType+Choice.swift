import Models

extension GGUFType {
    /// The type of a tensor in a file of mostly this type, as llama.cpp chooses it.
    ///
    /// Vectors and positions stay F32. Of quantised files the output layer has more bits, in Q4_K and
    /// Q5_K (its M mixes) also fused queries, keys and values, and in some layers the values and the last
    /// product. Rows that are no whole blocks have the next type whose blocks fit.
    ///
    /// - Parameter shape: That in the file, rows first.
    func stored(
        _ tensor: DecoderTensor, shape: [Int], of model: DecoderConfiguration
    ) -> GGUFType {
        guard shape.count > 1, tensor.module != .positionEmbedding else { return .float32 }
        return wanted(tensor, of: model).fitting(shape[shape.count - 1])
    }

    private func wanted(_ tensor: DecoderTensor, of model: DecoderConfiguration) -> GGUFType {
        let isMix = self == .q4K || self == .q5K
        switch tensor.module {
        case .output where isShort: return .q6K
        case .tokenEmbedding where isShort && model.isTied: return .q6K
        case .queriesKeysValues where isMix: return self == .q4K ? .q5K : .q6K
        case .values where isMix, .lower where isMix:
            let hasMore = Self.hasMoreBits(tensor.layer ?? 0, of: model.layerCount)
            return hasMore ? .q6K : self
        default: return self
        }
    }

    /// Whether it has fewer bits than the output layer is worth.
    private var isShort: Bool { blockSize > 1 && self != .q8 }

    /// The first and the last eighth of the layers, and each third between them.
    private static func hasMoreBits(_ layer: Int, of count: Int) -> Bool {
        let eighth = count / 8
        return layer < eighth || layer >= 7 * count / 8 || (layer - eighth) % 3 == 2
    }

    private func fitting(_ columns: Int) -> GGUFType {
        if columns % blockSize == 0 { return self }
        let smaller: GGUFType =
            switch self {
            case .q4K: .q5
            case .q5K: .q5Minimum
            case .q6K: .q8
            default: .float16
            }
        return smaller.fitting(columns)
    }
}
