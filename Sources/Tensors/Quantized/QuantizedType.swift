/// A type of ggml in which the weights of a matrix can stay: blocks of small integers with scales.
package enum QuantizedType: UInt32, CaseIterable, Sendable {
    case q4 = 2
    case q4Minimum = 3
    case q5 = 6
    case q5Minimum = 7
    case q8 = 8
    case q4K = 12
    case q5K = 13
    case q6K = 14

    /// The name of ggml.
    package var name: String {
        switch self {
        case .q4: "Q4_0"
        case .q4Minimum: "Q4_1"
        case .q5: "Q5_0"
        case .q5Minimum: "Q5_1"
        case .q8: "Q8_0"
        case .q4K: "Q4_K"
        case .q5K: "Q5_K"
        case .q6K: "Q6_K"
        }
    }

    /// Values in a block.
    package var blockSize: Int { rawValue < QuantizedType.q4K.rawValue ? 32 : 256 }

    /// Bytes of a block.
    package var blockByteCount: Int {
        switch self {
        case .q4: 18
        case .q4Minimum: 20
        case .q5: 22
        case .q5Minimum: 24
        case .q8: 34
        case .q4K: 144
        case .q5K: 176
        case .q6K: 210
        }
    }

    /// - Precondition: a multiple of the block's size.
    package func byteCount(of valueCount: Int) -> Int { valueCount / blockSize * blockByteCount }
}

/// The arithmetic of products with quantised weights.
package enum QuantizedArithmetic: String, CaseIterable, Sendable {
    /// Weights are decoded, all else is floats.
    case exact
    /// What is multiplied with the weights is rounded to 8 bits for each 32 values, as in llama.cpp.
    case int8
}
