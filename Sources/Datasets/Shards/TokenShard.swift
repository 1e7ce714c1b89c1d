import Diagnostics
import Files

/// One token shard, open for reading (HDF5, format_version 1).
///
/// `/tokens` (uint16 or uint32) holds the ids of the documents one after the other;
/// `/document_offsets` (uint64, documents + 1 entries) the index at which each begins, and the
/// token count at its end. Everything of a fixed size is checked on opening; tokens are checked
/// against Fletcher32 and the vocabulary size as they are read.
///
/// Sendable, because the shim enters HDF5 under one lock and nothing here changes after `init`.
package final class TokenShard: @unchecked Sendable {
    package let path: String
    package let attributes: TokenShardAttributes
    /// Bytes of the file.
    let fileSize: Int
    private let tokens: HDF5Dataset
    let documentOffsets: HDF5Dataset

    package init(path: String) throws {
        self.path = path
        fileSize = try FileReader(path: path, what: "cannot open the token shard").size
        let file = try HDF5File(reading: path)
        attributes = try TokenShardAttributes(reading: file)
        tokens = try HDF5Dataset(
            reading: "tokens", elementSizes: [2, 4], in: file, fileSize: fileSize)
        documentOffsets = try HDF5Dataset(
            reading: "document_offsets", elementSizes: [8], in: file, fileSize: fileSize)
        try checkOffsets()
    }

    var facts: ShardFacts {
        ShardFacts(
            tokenCount: tokenCount, documentCount: documentCount, fileSize: fileSize,
            sourceSHA256: attributes.sourceSHA256, tokenizerSHA256: attributes.tokenizerSHA256)
    }

    package var tokenCount: Int { tokens.count }
    /// Documents, or parts of those that are longer than a shard.
    package var documentCount: Int { documentOffsets.count - 1 }
    /// The bytes of one stored token: 2 or 4.
    package var tokenSize: Int { tokens.elementSize }

    /// Reads tokens of this shard; `range` must lie in 0..<tokenCount.
    package func read(_ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<Int32>) throws {
        try tokens.read(range, into: buffer)
        let limit = UInt32(attributes.vocabularySize)
        guard let index = buffer.firstIndex(where: { UInt32(bitPattern: $0) >= limit }) else {
            return
        }
        throw Failure(
            "a token id is outside the vocabulary", expected: "0 to \(limit - 1)",
            got: "\(buffer[index])", at: "token \(range.lowerBound + index) of \(path)",
            remedy: "prepare the text again with the tokenizer of the model")
    }

    /// The tokens of one document, at most `maximumCount` of them.
    package func document(_ index: Int, maximumCount: Int) throws -> [Int32] {
        let offsets = try documentOffsets.readUInt64(index..<index + 2)
        guard offsets[0] <= offsets[1], offsets[1] <= UInt64(tokenCount) else {
            throw offsetFailure("offsets that rise to \(tokenCount)", got: "\(offsets)")
        }
        let start = Int(offsets[0])
        let range = start..<min(Int(offsets[1]), start + maximumCount)
        return try [Int32](unsafeUninitializedCapacity: range.count) { buffer, count in
            try read(range, into: .init(rebasing: buffer[..<range.count]))
            count = range.count
        }
    }

    private func checkOffsets() throws {
        guard documentOffsets.count >= 1 else {
            throw offsetFailure("documents + 1 entries", got: "none")
        }
        let last = documentOffsets.count - 1
        let ends =
            try documentOffsets.readUInt64(0..<1) + documentOffsets.readUInt64(last..<last + 1)
        guard ends == [0, UInt64(tokenCount)] else {
            throw offsetFailure("0 to \(tokenCount)", got: "\(ends[0]) to \(ends[1])")
        }
    }

    func offsetFailure(_ expected: String, got: String) -> Failure {
        Failure(
            "the document offsets do not fit the tokens", expected: expected, got: got,
            at: "/document_offsets in \(path)", remedy: "prepare the text again")
    }
}
