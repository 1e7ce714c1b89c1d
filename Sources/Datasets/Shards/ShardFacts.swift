/// The facts that distinguish a shard from others without reading its tokens.
package struct ShardFacts: Codable, Equatable, Sendable {
    package let tokenCount: Int
    package let documentCount: Int
    /// Bytes of the file.
    package let fileSize: Int
    package let sourceSHA256: String
    package let tokenizerSHA256: String
}

extension ShardFacts: CustomStringConvertible {
    package var description: String {
        "\(tokenCount) tokens in \(documentCount) documents and \(fileSize) bytes, of source "
            + "\(sourceSHA256) by tokenizer \(tokenizerSHA256)"
    }
}
