import Crypto
import Diagnostics
import Files

/// The size and SHA-256 of a file whose bytes come piece by piece, from front to back.
package struct FileHash {
    private var hash = SHA256()
    private var size = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        size += bytes.count
    }

    package mutating func update(text: String) {
        Array(text.utf8).withUnsafeBytes { update($0) }
    }

    /// Reads the file piece by piece.
    package static func hash(ofFile path: String) throws(Failure) -> Manifest.File {
        let reader = try FileReader(path: path)
        var hash = FileHash()
        let pieceSize = 1 << 20
        for start in stride(from: 0, to: reader.size, by: pieceSize) {
            let piece = try reader.bytes(at: start, count: min(pieceSize, reader.size - start))
            piece.withUnsafeBytes { hash.update($0) }
        }
        return hash.finish()
    }

    package consuming func finish() -> Manifest.File {
        let digits = hash.finalize().map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return Manifest.File(size: size, sha256: digits.joined())
    }
}
