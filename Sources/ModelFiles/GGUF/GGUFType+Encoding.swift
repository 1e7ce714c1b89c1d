import CKernels
import Diagnostics
import Files

extension GGUFType {
    /// The values that are made blocks of at a time: whole blocks of every type.
    private static let pieceSize = 1 << 16

    /// Writes floats as whole blocks, rounded as gguf-py rounds them where it has the type.
    ///
    /// - Throws: `Failure` for a number that has no place in the type, and on a full disk.
    func write(_ values: [Float], of name: String, to file: FileWriter) throws(Failure) {
        for start in stride(from: 0, to: values.count, by: Self.pieceSize) {
            let piece = values[start..<min(start + Self.pieceSize, values.count)]
            if let large = piece.first(where: { !(abs($0) <= largest) }) {
                throw Failure(
                    "the tensor \(name) does not fit \(self.name)",
                    expected: "numbers up to \(largest)", got: "\(large)", at: file.path,
                    remedy: "choose F32")
            }
            try file.write(encode(piece))
        }
    }

    /// The bytes of whole blocks.
    ///
    /// - Precondition: the type is written, and the numbers have a place in it.
    package func encode(_ values: ArraySlice<Float>) -> [UInt8] {
        guard let encoder else { preconditionFailure("\(name) is read, not written") }
        precondition(values.count % blockSize == 0, "\(values.count) values are no whole blocks")
        let size = byteCount(of: values.count)
        return [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
            values.withUnsafeBufferPointer {
                encoder(bytes.baseAddress, $0.baseAddress, values.count / blockSize)
            }
            count = size
        }
    }

    /// The number up to which the scale of a block, and its least value, are finite in F16.
    private var largest: Float { self == .q8 ? 127 * 65504 : 65504 }

    private typealias Encoder =
        @convention(c) (UnsafeMutablePointer<UInt8>?, UnsafePointer<Float>?, Int) -> Void

    private var encoder: Encoder? {
        switch self {
        case .q4: kernel_quantize_q4_0
        case .q4Minimum: kernel_quantize_q4_1
        case .q5: kernel_quantize_q5_0
        case .q5Minimum: kernel_quantize_q5_1
        case .q8: kernel_quantize_q8_0
        case .q4K: kernel_quantize_q4_k
        case .q5K: kernel_quantize_q5_k
        case .q6K: kernel_quantize_q6_k
        case .float32, .float16, .bfloat16, .q2K, .q3K, .iq4NonLinear: nil
        }
    }
}
