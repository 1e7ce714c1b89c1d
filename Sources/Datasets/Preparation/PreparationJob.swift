import Crypto
import Diagnostics
import Tokenizers

/// The making of one shard, which any process may carry out, in any order.
package struct PreparationJob: Codable, Equatable, Sendable {
    /// Bytes of a text file that go into the shard, documents ended by the literal.
    struct Source: Codable, Equatable {
        var path: String
        var start: Int
        var end: Int
        /// Whether a document ends at `end`; else it goes on in the next shard.
        var endsDocument: Bool

        func text() throws -> [UInt8] { try SourceFile(path: path).bytes(start..<end) }
    }

    /// The bytes of each file and the shard into which they go, in words, for comparing plans.
    package var pieces: [(path: String, text: String)] {
        sources.map { source in
            let bytes = "bytes \(source.start) to \(source.end)"
            return (source.path, "\(bytes) in \(split.rawValue) shard \(index)")
        }
    }

    package let split: DatasetSplit
    package let index: Int
    let sources: [Source]

    init(split: DatasetSplit, index: Int, documents: [SourceDocument], paths: [String]) {
        self.split = split
        self.index = index
        var sources: [Source] = []
        var lastFile: Int?
        for document in documents {
            if document.file == lastFile, let last = sources.last, last.endsDocument {
                // What lies between documents of one file are literals, which `run` finds again.
                sources[sources.count - 1].end = document.range.upperBound
                sources[sources.count - 1].endsDocument = document.endsDocument
            } else {
                sources.append(
                    Source(
                        path: paths[document.file], start: document.range.lowerBound,
                        end: document.range.upperBound, endsDocument: document.endsDocument))
            }
            lastFile = document.file
        }
        self.sources = sources
    }

    /// `train-00000.h5`
    package var name: String {
        let digits = String(index)
        return "\(split.rawValue)-\(String(repeating: "0", count: 5 - digits.count))\(digits).h5"
    }

    /// The bytes of text that the job reads.
    package var sourceSize: Int { sources.reduce(0) { $0 + $1.end - $1.start } }

    /// Reads the text of the shard, encodes it document by document, and writes the shard.
    ///
    /// - Parameter malformed: what to do with bytes that are not UTF-8.
    /// - Throws: a `Failure` where the shard exists already.
    package func run(
        tokenizer: some Tokenizer, malformed: MalformedText = .replaced, directory: String
    ) throws -> ShardSummary {
        let texts = try sources.map { try $0.text() }
        var hash = SHA256()
        for text in texts { hash.update(data: text) }
        let attributes = TokenShardAttributes(
            tokenizerName: tokenizer.kind.rawValue,
            tokenizerSHA256: tokenizer.tokenizerSHA256,
            vocabularySize: tokenizer.vocabularySize, endOfTextID: tokenizer.endOfTextID,
            sourceSHA256: hexadecimal(hash.finalize()))
        let path = "\(directory)/\(name)"
        return try TokenShardWriter.write(to: path, attributes: attributes) { writer in
            var encoding = DocumentEncoding(tokenizer: tokenizer, malformed: malformed) { ids in
                try writer.append(ids)
                try writer.endDocument()
            }
            for (source, text) in zip(sources, texts) { try encoding.append(text, of: source) }
            return ShardSummary(
                name: name, split: split, tokenCount: writer.tokenCount,
                documentCount: writer.documentCount, sourceSize: sourceSize,
                replacedCount: encoding.replacedCount)
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
}
