import Crypto

/// The size and SHA-256 of a file whose bytes come piece by piece, from front to back.
package struct FileHash {
    private var hash = SHA256()
    private var size = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        size += bytes.count
    }

    package consuming func finish() -> Manifest.File {
        let digits = hash.finalize().map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return Manifest.File(size: size, sha256: digits.joined())
    }
}
