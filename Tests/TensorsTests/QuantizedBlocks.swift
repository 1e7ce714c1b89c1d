import CKernels
import Tensors

/// Matrices of random weights in the blocks of ggml.
struct QuantizedBlocks {
    let type: QuantizedType
    let outputCount: Int
    let depth: Int
    let bytes: [UInt8]

    private typealias Quantizer =
        @convention(c) (UnsafeMutablePointer<UInt8>?, UnsafePointer<Float>?, Int) -> Void
    private typealias Dequantizer =
        @convention(c) (UnsafeMutablePointer<Float>?, UnsafePointer<UInt8>?, Int) -> Void

    init(_ type: QuantizedType, outputCount: Int, depth: Int, seed: UInt64 = 7) {
        (self.type, self.outputCount, self.depth) = (type, outputCount, depth)
        let values = randomFloats(outputCount * depth, seed: seed)
        let (blocks, size) = (values.count / type.blockSize, type.byteCount(of: values.count))
        bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            Self.quantizer(type)(buffer.baseAddress, values, blocks)
            count = size
        }
    }

    /// The weights as gguf-py gives them: [outputs, depth].
    var values: [Float] {
        let count = outputCount * depth
        return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            Self.dequantizer(type)(buffer.baseAddress, bytes, count / type.blockSize)
            filled = count
        }
    }

    func matrix(on device: Device, order: (Int) -> Int = { $0 }) -> QuantizedMatrix {
        let matrix = QuantizedMatrix(type, outputCount: outputCount, depth: depth, on: device)
        let isFinite = bytes.withUnsafeBytes {
            matrix.take($0, of: 0..<outputCount, on: device, order: order)
        }
        precondition(isFinite)
        return matrix
    }

    private static func quantizer(_ type: QuantizedType) -> Quantizer {
        switch type {
        case .q4: kernel_quantize_q4_0
        case .q4Minimum: kernel_quantize_q4_1
        case .q5: kernel_quantize_q5_0
        case .q5Minimum: kernel_quantize_q5_1
        case .q8: kernel_quantize_q8_0
        case .q4K: kernel_quantize_q4_k
        case .q5K: kernel_quantize_q5_k
        case .q6K: kernel_quantize_q6_k
        }
    }

    private static func dequantizer(_ type: QuantizedType) -> Dequantizer {
        switch type {
        case .q4: kernel_dequantize_q4_0
        case .q4Minimum: kernel_dequantize_q4_1
        case .q5: kernel_dequantize_q5_0
        case .q5Minimum: kernel_dequantize_q5_1
        case .q8: kernel_dequantize_q8_0
        case .q4K: kernel_dequantize_q4_k
        case .q5K: kernel_dequantize_q5_k
        case .q6K: kernel_dequantize_q6_k
        }
    }
}

/// Numbers in +-1, a function of the seed alone.
func randomFloats(_ count: Int, seed: UInt64) -> [Float] {
    let values = (0..<(count + 3) / 4).flatMap { index in
        Philox.words(counter: [UInt32(index), 0, 0, 0x51], key: seed).map {
            Float($0 >> 8) / Float(1 << 23) - 1
        }
    }
    return Array(values[..<count])
}
