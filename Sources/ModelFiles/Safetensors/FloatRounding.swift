import Diagnostics
import Files

/// Writes floats as F32, or rounded to the nearest BF16 or F16, to the even one of two.
struct FloatRounding {
    private let type: SafetensorsType
    /// Values that are rounded at a time.
    private static let pieceSize = 1 << 16

    init(_ type: SafetensorsType) { self.type = type }

    /// - Throws: `Failure` for a number that is too large for F16, and on a full disk.
    func write(
        _ values: UnsafeBufferPointer<Float>, of name: String, to file: FileWriter
    ) throws(Failure) {
        switch type {
        case .bfloat16: try write(values, to: file) { Self.bfloat16($0) }
        case .float16:
            guard let large = values.first(where: { $0.isFinite && Float16($0).isInfinite }) else {
                return try write(values, to: file) { Float16($0).bitPattern }
            }
            throw Failure(
                "the tensor \(name) does not fit F16", expected: "numbers up to 65504",
                got: "\(large)", at: file.path, remedy: "choose BF16 or F32")
        default: try file.write(UnsafeRawBufferPointer(values))
        }
    }

    static func bfloat16(_ value: Float) -> UInt16 {
        guard !value.isNaN else { return 0x7FC0 }
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    private func write(
        _ values: UnsafeBufferPointer<Float>, to file: FileWriter, _ round: (Float) -> UInt16
    ) throws(Failure) {
        for start in stride(from: 0, to: values.count, by: Self.pieceSize) {
            let piece = values[start..<min(start + Self.pieceSize, values.count)].map(round)
            let result: Result<Void, Failure> = piece.withUnsafeBytes { bytes in
                Result { () throws(Failure) in try file.write(bytes) }
            }
            try result.get()
        }
    }
}
