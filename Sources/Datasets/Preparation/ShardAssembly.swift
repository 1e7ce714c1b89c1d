import Crypto

/// Joins the blocks of a shard, in their order, in the file that is written.
struct ShardAssembly {
    let writer: TokenShardWriter
    private var hashes: [[UInt8]] = []
    private var replacedCount = 0
    private var isDocumentOpen = false

    init(writer: TokenShardWriter) { self.writer = writer }

    mutating func append(_ block: EncodedBlock) throws {
        hashes.append(block.sourceHash)
        replacedCount += block.replacedCount
        var start = 0
        for end in block.documentEnds {
            try writer.append(block.ids[start..<end])
            try writer.endDocument()
            isDocumentOpen = false
            start = end
        }
        try writer.append(block.ids[start...])
        isDocumentOpen = block.isDocumentOpen || isDocumentOpen && block.documentEnds.isEmpty
    }

    /// Ends the document that goes on in the next shard, and records the source: of one block its
    /// SHA-256, of several the SHA-256 of theirs.
    mutating func finish(_ job: PreparationJob) throws -> ShardSummary {
        if isDocumentOpen { try writer.endDocument() }
        let source = hexadecimal(
            hashes.count == 1 ? hashes[0] : Array(SHA256.hash(data: Array(hashes.joined()))))
        try writer.settleSource(sha256: source)
        return ShardSummary(
            name: job.name, split: job.split, tokenCount: writer.tokenCount,
            documentCount: writer.documentCount, sourceSize: job.sourceSize,
            replacedCount: replacedCount, sourceSHA256: source)
    }
}
