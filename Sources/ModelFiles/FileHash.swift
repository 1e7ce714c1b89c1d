import Crypto
import Diagnostics
import Files

/// The size and SHA-256 of a file whose bytes come piece by piece, from front to back.
package struct FileHash {
    private var hash = SHA256()
    private var size = 0

    /// What the bytes come to.
    package struct Sum: Equatable, Sendable {
        package let size: Int
        /// The hash as 64 lower-case hexadecimal digits.
        package let sha256: String
    }

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        size += bytes.count
    }

    package mutating func update(text: String) {
        Array(text.utf8).withUnsafeBytes { update($0) }
    }

    /// Reads the file piece by piece.
    package static func hash(ofFile path: String) throws(Failure) -> Sum {
        let reader = try FileReader(path: path)
        return try hash(of: reader, 0..<reader.size)
    }

    private static let pieceSize = 1 << 20

    /// Reads a part of the file piece by piece.
    package static func hash(of reader: FileReader, _ part: Range<Int>) throws(Failure) -> Sum {
        var hash = FileHash()
        for start in stride(from: part.lowerBound, to: part.upperBound, by: pieceSize) {
            let count = min(pieceSize, part.upperBound - start)
            let piece = try reader.bytes(at: start, count: count)
            piece.withUnsafeBytes { hash.update($0) }
        }
        return hash.finish()
    }

    package consuming func finish() -> Sum {
        Sum(size: size, sha256: Self.hexadecimal(hash.finalize()))
    }

    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
