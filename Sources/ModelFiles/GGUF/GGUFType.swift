import CKernels

/// How the values of a tensor stand in a GGUF file: one by one, or in blocks that share a scale.
package enum GGUFType: UInt32, CaseIterable, Sendable {
    case float32 = 0
    case float16 = 1
    case q4 = 2
    case q4Minimum = 3
    case q5 = 6
    case q5Minimum = 7
    /// Blocks of 32 values: a scale in F16, then a byte for each value.
    case q8 = 8
    case q2K = 10
    case q3K = 11
    case q4K = 12
    case q5K = 13
    case q6K = 14
    case iq4NonLinear = 20
    case bfloat16 = 30

    /// The name of ggml.
    package var name: String { Self.names[rawValue] ?? "type \(rawValue)" }

    /// The names of ggml by code, those of types that are not read too.
    static let names: [UInt32: String] = [
        0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1",
        10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS",
        17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S",
        23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M",
        30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]

    /// Values in a block.
    package var blockSize: Int {
        switch self {
        case .float32, .float16, .bfloat16: 1
        case .q4, .q4Minimum, .q5, .q5Minimum, .q8, .iq4NonLinear: 32
        case .q2K, .q3K, .q4K, .q5K, .q6K: 256
        }
    }

    /// Bytes of a block.
    package var blockByteCount: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        case .q4, .iq4NonLinear: 18
        case .q4Minimum: 20
        case .q5: 22
        case .q5Minimum: 24
        case .q8: 34
        case .q2K: 84
        case .q3K: 110
        case .q4K: 144
        case .q5K: 176
        case .q6K: 210
        }
    }

    /// The number by which `general.file_type` names a file of mostly this type.
    var fileCode: UInt32 {
        switch self {
        case .float32: 0
        case .float16: 1
        case .q4: 2
        case .q4Minimum: 3
        case .q8: 7
        case .q5: 8
        case .q5Minimum: 9
        case .q2K: 10
        case .q3K: 12
        case .q4K: 15
        case .q5K: 17
        case .q6K: 18
        case .iq4NonLinear: 25
        case .bfloat16: 32
        }
    }

    /// - Precondition: a multiple of the block's size.
    package func byteCount(of valueCount: Int) -> Int { valueCount / blockSize * blockByteCount }
}

extension GGUFType {
    /// Writes the values of whole blocks as floats, as gguf-py rounds them.
    ///
    /// - Precondition: the bytes are those of as many values as `values` has places.
    package func decode(
        _ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(
            values.count % blockSize == 0 && bytes.count == byteCount(of: values.count),
            "\(bytes.count) bytes of \(name) are not \(values.count) values")
        guard let source = bytes.baseAddress, let target = values.baseAddress else { return }
        let blocks = values.count / blockSize
        if self == .float32 {
            UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: bytes.count)
        } else if self == .bfloat16 {
            kernel_widen(target, source.assumingMemoryBound(to: UInt16.self), blocks)
        } else {
            kernel?(target, source.assumingMemoryBound(to: UInt8.self), blocks)
        }
    }

    private typealias Kernel =
        @convention(c) (UnsafeMutablePointer<Float>?, UnsafePointer<UInt8>?, Int) -> Void

    /// nil for what needs no other arithmetic than a copy or a shift.
    private var kernel: Kernel? {
        switch self {
        case .float32, .bfloat16: nil
        case .float16: kernel_dequantize_f16
        case .q4: kernel_dequantize_q4_0
        case .q4Minimum: kernel_dequantize_q4_1
        case .q5: kernel_dequantize_q5_0
        case .q5Minimum: kernel_dequantize_q5_1
        case .q8: kernel_dequantize_q8_0
        case .q2K: kernel_dequantize_q2_k
        case .q3K: kernel_dequantize_q3_k
        case .q4K: kernel_dequantize_q4_k
        case .q5K: kernel_dequantize_q5_k
        case .q6K: kernel_dequantize_q6_k
        case .iq4NonLinear: kernel_dequantize_iq4_nl
        }
    }
}
