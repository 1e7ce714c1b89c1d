import Diagnostics
import Files

/// Writes floats as F32, or rounded to the nearest BF16 or F16, to the even one of two.
struct FloatRounding {
    private let type: SafetensorsType
    /// Values that are rounded at a time.
    private static let pieceSize = 1 << 16

    init(_ type: SafetensorsType) { self.type = type }

    /// - Throws: `Failure` for a number that is too large for the type, and on a full disk.
    func write(
        _ values: UnsafeBufferPointer<Float>, of name: String, to file: FileWriter
    ) throws(Failure) {
        switch type {
        case .bfloat16:
            let large = values.first { $0.isFinite && Self.bfloat16($0) & 0x7FFF == 0x7F80 }
            if let large { throw failure(name, most: "3.39e38", got: large, at: file.path) }
            try write(values, to: file) { Self.bfloat16($0) }
        case .float16:
            let large = values.first { $0.isFinite && HalfPrecision.bits($0) & 0x7FFF == 0x7C00 }
            if let large { throw failure(name, most: "65504", got: large, at: file.path) }
            try write(values, to: file) { HalfPrecision.bits($0) }
        default: try file.write(UnsafeRawBufferPointer(values))
        }
    }

    private func failure(
        _ name: String, most: String, got value: Float, at path: String
    ) -> Failure {
        Failure(
            "the tensor \(name) does not fit \(type.rawValue)", expected: "numbers up to \(most)",
            got: "\(value)", at: path,
            remedy: type == .float16 ? "choose BF16 or F32" : "choose F32")
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
