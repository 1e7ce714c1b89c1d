import Diagnostics

/// The tokens of a block of a shard's text, on their way to the process that writes the shard.
package struct EncodedBlock: Equatable, Sendable {
    var ids: [Int32]
    /// The number of ids up to the end of each document that ends in the block.
    var documentEnds: [Int]
    /// Whether the last document goes on behind the block.
    var isDocumentOpen: Bool
    /// Ill-formed parts of the text that became U+FFFD.
    var replacedCount: Int
    /// SHA-256 of the text.
    var sourceHash: [UInt8]

    private static let hashSize = 32

    /// The block as bytes for another process; ids take two bytes where the vocabulary fits.
    package func encoded(vocabularySize: Int) -> [UInt8] {
        let isNarrow = TokenShardAttributes.tokenSize(vocabularySize: vocabularySize) == 2
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64 + 8 * documentEnds.count + ids.count * (isNarrow ? 2 : 4))
        func append<Value: BitwiseCopyable>(_ values: [Value]) {
            values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        append([ids.count, documentEnds.count, isDocumentOpen ? 1 : 0, replacedCount])
        append(sourceHash)
        append(documentEnds)
        if isNarrow { append(ids.map { UInt16(truncatingIfNeeded: $0) }) } else { append(ids) }
        return bytes
    }

    /// Reads what `encoded` wrote.
    package init(encoded bytes: ArraySlice<UInt8>, vocabularySize: Int) {
        let isNarrow = TokenShardAttributes.tokenSize(vocabularySize: vocabularySize) == 2
        var offset = 0
        func take<Value: BitwiseCopyable>(_ count: Int, of type: Value.Type) -> [Value] {
            bytes.withUnsafeBytes { buffer in
                (0..<count).map { _ in
                    defer { offset += MemoryLayout<Value>.size }
                    return buffer.loadUnaligned(fromByteOffset: offset, as: type)
                }
            }
        }
        let counts = take(4, of: Int.self)
        isDocumentOpen = counts[2] != 0
        replacedCount = counts[3]
        sourceHash = take(Self.hashSize, of: UInt8.self)
        documentEnds = take(counts[1], of: Int.self)
        ids =
            isNarrow
            ? take(counts[0], of: UInt16.self).map { Int32($0) } : take(counts[0], of: Int32.self)
    }

    init(
        ids: [Int32], documentEnds: [Int], isDocumentOpen: Bool, replacedCount: Int,
        sourceHash: [UInt8]
    ) {
        self.ids = ids
        self.documentEnds = documentEnds
        self.isDocumentOpen = isDocumentOpen
        self.replacedCount = replacedCount
        self.sourceHash = sourceHash
    }
}
