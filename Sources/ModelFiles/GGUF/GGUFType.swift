/// How the values of a tensor stand in a GGUF file.
package enum GGUFType: UInt32, Sendable {
    case float32 = 0
    case float16 = 1
    /// Blocks of 32 values: a scale in F16, then a byte for each value.
    case q8 = 8
    case bfloat16 = 30

    /// The number by which `general.file_type` names a file of mostly this type.
    var fileCode: UInt32 {
        switch self {
        case .float32: 0
        case .float16: 1
        case .q8: 7
        case .bfloat16: 32
        }
    }

    /// What llama.cpp expects where most tensors are of this type: vectors and positions stay F32,
    /// and rows that are no whole blocks are F16.
    func stored(_ name: String, shape: [Int]) -> GGUFType {
        guard shape.count > 1, name != "position_embd.weight" else { return .float32 }
        return self == .q8 && shape[shape.count - 1] % Q8Rounding.blockSize != 0 ? .float16 : self
    }

    /// - Precondition: for `q8`, a multiple of the block's size.
    func byteCount(of valueCount: Int) -> Int {
        switch self {
        case .float32: 4 * valueCount
        case .float16, .bfloat16: 2 * valueCount
        case .q8: valueCount / Q8Rounding.blockSize * Q8Rounding.blockByteCount
        }
    }
}
