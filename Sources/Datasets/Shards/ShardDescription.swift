/// What `inspect` prints about one token shard.
package struct ShardDescription: Equatable, Sendable {
    package let path: String
    package let attributes: TokenShardAttributes
    package let tokenCount: Int
    package let tokenSize: Int
    package let documentCount: Int
    /// The beginning of the first document; empty where there is none.
    package let firstIDs: [Int32]

    package init(path: String, firstIDCount: Int = 16) throws {
        let shard = try TokenShard(path: path)
        self.path = path
        attributes = shard.attributes
        tokenCount = shard.tokenCount
        tokenSize = shard.tokenSize
        documentCount = shard.documentCount
        firstIDs =
            shard.documentCount == 0 ? [] : try shard.document(0, maximumCount: firstIDCount)
    }
}

extension ShardDescription: CustomStringConvertible {
    package var description: String {
        let endOfText = attributes.endOfTextID.map { "\($0)" } ?? "none"
        return """
            token shard \(path)
              tokenizer        \(attributes.tokenizerName) \(attributes.tokenizerSHA256)
              vocabulary size  \(attributes.vocabularySize) (end of text: \(endOfText))
              source           \(attributes.sourceSHA256)
              tokens           \(tokenCount) (\(tokenSize) bytes each)
              documents        \(documentCount)
            \(attributes.provenance.map { "  provenance       \($0)\n" } ?? "")\
              first document   \(firstIDs.map(String.init).joined(separator: " "))
            """
    }
}
