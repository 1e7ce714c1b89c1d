import Crypto
import Diagnostics
import Tokenizers

/// The making of one shard. Any process may encode its blocks; they are written in their order.
package struct PreparationJob: Equatable, Sendable {
    package let split: DatasetSplit
    package let index: Int
    /// The text of the shard.
    let ranges: [TextRange]
    let texts: [SourceText]
    let blockSize: Int
    /// Where the text comes from, as JSON, for the shard; nil where nobody knows.
    package var provenance: String?

    /// `train-00000.h5`
    package var name: String {
        let digits = String(index)
        return "\(split.rawValue)-\(String(repeating: "0", count: 5 - digits.count))\(digits).h5"
    }

    /// The bytes of text in the shard.
    package var sourceSize: Int { ranges.byteCount }

    package var blockCount: Int { blocks.count }

    var blocks: TextBlocks { TextBlocks(ranges, of: texts, blockSize: blockSize) }

    /// Reads and encodes one block.
    ///
    /// - Parameter malformed: what to do with bytes that are not UTF-8.
    package func encodeBlock(
        _ index: Int, tokenizer: some Tokenizer, malformed: MalformedText = .replaced
    ) throws -> EncodedBlock {
        var encoding = DocumentEncoding(tokenizer: tokenizer, malformed: malformed)
        var hash = SHA256()
        for range in try blocks.block(index) {
            let text = texts[range.file]
            let bytes = try text.bytes(range.bytes)
            hash.update(data: bytes)
            try encoding.append(
                bytes, of: text.path, at: range.bytes.lowerBound, range.endsDocument)
        }
        return encoding.block(sourceHash: Array(hash.finalize()))
    }

    /// Writes the shard.
    ///
    /// - Parameter body: hands over all blocks, in their order.
    /// - Throws: a `Failure` where the shard exists already.
    package func write(
        tokenizer: some Tokenizer, directory: String,
        _ body: (_ append: (EncodedBlock) throws -> Void) throws -> Void
    ) throws -> ShardSummary {
        let path = "\(directory)/\(name)"
        let attributes = TokenShardAttributes(
            tokenizerName: tokenizer.kind.rawValue,
            tokenizerSHA256: tokenizer.tokenizerSHA256,
            vocabularySize: tokenizer.vocabularySize, endOfTextID: tokenizer.endOfTextID,
            sourceSHA256: TokenShardAttributes.openSourceSHA256, provenance: provenance)
        var summary = try TokenShardWriter.write(to: path, attributes: attributes) { writer in
            var assembly = ShardAssembly(writer: writer)
            try body { try assembly.append($0) }
            return try assembly.finish(self)
        }
        summary.fileSize = try SourceText(path: path).size
        return summary
    }

    /// Encodes and writes the shard in one process.
    package func run(
        tokenizer: some Tokenizer, malformed: MalformedText = .replaced, directory: String
    ) throws -> ShardSummary {
        try write(tokenizer: tokenizer, directory: directory) { append in
            for index in 0..<blockCount {
                try append(encodeBlock(index, tokenizer: tokenizer, malformed: malformed))
            }
        }
    }
}

/// The shard that one job has made.
package struct ShardSummary: Codable, Equatable, Sendable {
    package let name: String
    package let split: DatasetSplit
    package let tokenCount: Int
    package let documentCount: Int
    /// Bytes of text.
    package let sourceSize: Int
    /// Ill-formed parts of the text that became U+FFFD.
    package let replacedCount: Int
    package let sourceSHA256: String
    /// Bytes of the file.
    package var fileSize = 0

    /// What opening the shard shows.
    func facts(tokenizerSHA256: String) -> ShardFacts {
        ShardFacts(
            tokenCount: tokenCount, documentCount: documentCount, fileSize: fileSize,
            sourceSHA256: sourceSHA256, tokenizerSHA256: tokenizerSHA256)
    }
}
