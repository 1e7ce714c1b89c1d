/// What one rank has read of a batch.
package enum BatchDraft: Sendable {
    /// All sequences of the rank.
    case whole(TokenBatch)
    /// A part of them, and parts for other ranks.
    case scattered(ScatteredBatch)
}

/// A stretch of a stream of tokens.
package struct TokenWindow {
    package let stream: TokenStream
    package let range: Range<Int>

    package init(stream: TokenStream, range: Range<Int>) {
        (self.stream, self.range) = (stream, range)
    }
}
