import Diagnostics
import Files

/// Writes one token shard, document after document.
///
/// Equal calls give equal bytes: no time is stored, and the tokens go to the file in blocks whose
/// borders depend on nothing but their number.
package final class TokenShardWriter {
    private let file: HDF5File
    private let tokenSize: Int
    private let vocabularySize: Int
    private let tokens: HDF5Dataset
    private let documentOffsets: HDF5Dataset
    private var pendingTokens: [Int32] = []
    private var pendingOffsets: [UInt64] = [0]
    package private(set) var tokenCount = 0
    package private(set) var documentCount = 0

    /// 64 chunks go to the file at a time: 1 MiB of two-byte tokens.
    private static let blockCount = 64 * HDF5Dataset.chunkCount

    private init(file: HDF5File, attributes: TokenShardAttributes) throws {
        self.file = file
        tokenSize = attributes.tokenSize
        vocabularySize = attributes.vocabularySize
        try attributes.write(to: file)
        tokens = try HDF5Dataset(creating: "tokens", elementSize: tokenSize, in: file)
        documentOffsets = try HDF5Dataset(creating: "document_offsets", elementSize: 8, in: file)
    }

    /// Writes a shard that appears at `path` when `body` has returned; an existing file is refused.
    package static func write<Result>(
        to path: String, attributes: TokenShardAttributes,
        _ body: (TokenShardWriter) throws -> Result
    ) throws -> Result {
        try PublishedFile.create(at: path) { temporaryPath in
            let file = try HDF5File(creating: temporaryPath)
            let writer = try TokenShardWriter(file: file, attributes: attributes)
            let result = try body(writer)
            try writer.finish()
            return result
        }
    }

    /// Appends tokens to the document that is open.
    package func append(_ ids: some Sequence<Int32>) throws {
        for id in ids {
            guard id >= 0, id < vocabularySize else {
                throw Failure(
                    "the tokenizer gave an id outside its vocabulary",
                    expected: "0 to \(vocabularySize - 1)", got: "\(id)", at: file.path)
            }
            pendingTokens.append(id)
            tokenCount += 1
            if pendingTokens.count == Self.blockCount { try flushTokens() }
        }
    }

    /// Ends the open document, or what of it lies in this shard.
    package func endDocument() throws {
        documentCount += 1
        pendingOffsets.append(UInt64(tokenCount))
        if pendingOffsets.count == Self.blockCount { try flushOffsets() }
    }

    /// Records the hash of the source, of 64 digits, where the attributes had none.
    func settleSource(sha256: String) throws {
        try file.replace(sha256, named: TokenShardAttributes.sourceName)
    }

    private func finish() throws {
        try flushTokens()
        try flushOffsets()
        try tokens.close()
        try documentOffsets.close()
        try file.close()
    }

    private func flushTokens() throws {
        if tokenSize == 2 {
            try tokens.append(pendingTokens.map { UInt16(truncatingIfNeeded: $0) })
        } else {
            try tokens.append(pendingTokens.map { UInt32(bitPattern: $0) })
        }
        pendingTokens.removeAll(keepingCapacity: true)
    }

    private func flushOffsets() throws {
        try documentOffsets.append(pendingOffsets)
        pendingOffsets.removeAll(keepingCapacity: true)
    }
}
