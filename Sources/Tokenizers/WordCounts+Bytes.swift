import Diagnostics

/// Counts as bytes, to be sent to another rank: for each word, in ascending order of its bytes,
/// its count (8 bytes, little-endian), its length (4 bytes) and its bytes.
extension WordCounts {
    package var serialized: [UInt8] {
        var entries: [(word: [UInt8], count: Int)] = []
        forEachWord { entries.append((Array($0), $1)) }
        entries.sort { $0.word.lexicographicallyPrecedes($1.word) }
        var result: [UInt8] = []
        for entry in entries {
            withUnsafeBytes(of: UInt64(entry.count).littleEndian) { result.append(contentsOf: $0) }
            withUnsafeBytes(of: UInt32(entry.word.count).littleEndian) {
                result.append(contentsOf: $0)
            }
            result.append(contentsOf: entry.word)
        }
        return result
    }

    /// - Throws: `Failure` for bytes that `serialized` did not make.
    package init(serialized: [UInt8]) throws {
        self.init()
        try serialized.withUnsafeBufferPointer { buffer in
            let raw = UnsafeRawBufferPointer(buffer)
            var offset = 0
            while offset < raw.count {
                guard offset + 12 <= raw.count else { throw Self.torn(at: offset) }
                let count = UInt64(
                    littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let length = UInt32(
                    littleEndian: raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self))
                offset += 12
                guard length > 0, Int(length) <= raw.count - offset, count < 1 << 56 else {
                    throw Self.torn(at: offset)
                }
                let word = UnsafeBufferPointer(rebasing: buffer[offset..<offset + Int(length)])
                add(word, count: Int(count))
                offset += Int(length)
            }
        }
    }

    private static func torn(at offset: Int) -> Failure {
        Failure(
            "cannot read word counts", expected: "a count, a length and that many bytes",
            got: "something else", at: "offset \(offset)",
            remedy: "send the counts again, whole")
    }
}
