import Datasets
import TemporaryFolders

typealias Scratch = TemporaryFolder

extension TemporaryFolder {
    func path(_ name: String) -> String { self(name) }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        try put(Array(bytes), at: name)
    }

    /// Texts that are held in memory, as small ones are.
    func texts(_ paths: [String], isHeld: Bool = true) throws -> [SourceText] {
        try paths.map { path in
            let text = try SourceText(path: path)
            return isHeld
                ? SourceText(path: path, size: text.size, held: try text.bytes(0..<text.size))
                : text
        }
    }

    /// Writes a shard of these documents and gives its path.
    @discardableResult
    func writeShard(
        _ name: String, documents: [[Int32]], vocabularySize: Int = 300, tokenizer: String = "aa"
    ) throws -> String {
        let attributes = TokenShardAttributes(
            tokenizerName: "character", tokenizerSHA256: tokenizer,
            vocabularySize: vocabularySize, endOfTextID: nil, sourceSHA256: "bb")
        try TokenShardWriter.write(to: path(name), attributes: attributes) { writer in
            for document in documents {
                try writer.append(document)
                try writer.endDocument()
            }
        }
        return path(name)
    }
}

extension TokenShard {
    func tokens(_ range: Range<Int>) throws -> [Int32] {
        var tokens = [Int32](repeating: -1, count: range.count)
        try tokens.withUnsafeMutableBufferPointer { try read(range, into: $0) }
        return tokens
    }
}
