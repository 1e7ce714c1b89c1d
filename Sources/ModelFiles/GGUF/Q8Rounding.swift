import Diagnostics
import Files

/// Rounds floats to ggml's Q8_0: each 32 values become a scale d = max |x| / 127 in F16 and the bytes
/// round(x / d), halves away from 0. Source: ggml, quantize_row_q8_0_ref.
enum Q8Rounding {
    static let blockSize = 32
    static let blockByteCount = 2 + blockSize
    /// Blocks that are rounded at a time.
    private static let pieceSize = 1 << 11

    /// - Throws: `Failure` for a number that has no place in Q8_0, and on a full disk.
    /// - Precondition: whole blocks.
    static func write(_ values: [Float], of name: String, to file: FileWriter) throws(Failure) {
        let step = blockSize * pieceSize
        for start in stride(from: 0, to: values.count, by: step) {
            let piece = values[start..<min(start + step, values.count)]
            guard let bytes = bytes(of: piece) else {
                throw Failure(
                    "the tensor \(name) does not fit Q8_0",
                    expected: "numbers up to \(127 * 65504)", got: "larger ones, or NaN",
                    at: file.path, remedy: "choose F32")
            }
            try file.write(bytes)
        }
    }

    /// nil for numbers that are too large, or none.
    static func bytes(of values: ArraySlice<Float>) -> [UInt8]? {
        precondition(values.count % blockSize == 0, "\(values.count) values are no whole blocks")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count / blockSize * blockByteCount)
        for start in stride(from: values.startIndex, to: values.endIndex, by: blockSize) {
            let block = values[start..<start + blockSize]
            guard block.allSatisfy(\.isFinite) else { return nil }
            let scale = block.reduce(0) { max($0, abs($1)) } / 127
            let half = Float16(scale)
            guard half.isFinite else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: half.bitPattern))
            bytes.append(UInt8(half.bitPattern >> 8))
            // Of a block of zeros the inverse is infinite.
            let inverse = (1 / scale).isFinite ? 1 / scale : 0
            for value in block {
                bytes.append(UInt8(bitPattern: Int8((value * inverse).rounded())))
            }
        }
        return bytes
    }
}
