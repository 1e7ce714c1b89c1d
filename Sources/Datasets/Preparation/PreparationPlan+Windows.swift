import Diagnostics
import Tokenizers

extension PreparationPlan {
    /// Refuses a text that gives no window to one of these parts, before anything is written.
    ///
    /// - Parameters:
    ///   - sequenceLength: T; a window has T + 1 tokens.
    ///   - tokenizer: nil where it is not known yet: then a part is refused whose tokens would be too few
    ///     if each byte were one.
    package func requireWindows(
        of sequenceLength: Int, in splits: [DatasetSplit], tokenizer: (any Tokenizer)? = nil
    ) throws {
        for split in splits {
            let own = jobs.filter { $0.split == split }
            let byteCount = own.reduce(0) { $0 + $1.sourceSize }
            // A text so long has a window's tokens, whatever the tokenizer.
            guard byteCount / Self.longestToken <= sequenceLength else { continue }
            let tokenCount =
                try tokenizer.map { tokenizer in
                    try own.reduce(0) { try $0 + $1.tokenCount(tokenizer: tokenizer) }
                } ?? own.reduce(0) { $0 + $1.largestTokenCount }
            guard tokenCount <= sequenceLength else { continue }
            throw Failure(
                "the \(split.rawValue) part of the text is shorter than one window",
                expected: "at least \(sequenceLength + 1) tokens",
                got: (tokenizer == nil ? "at most " : "") + "\(tokenCount)",
                remedy: FailureText(
                    "use more text, a smaller \(key: "train.sequence_length") or another ")
                    + "prepare.validation_fraction")
        }
    }

    /// Bytes of text that no token of a vocabulary has on the average.
    private static let longestToken = 64
}

extension PreparationJob {
    /// The tokens that the shard will have.
    func tokenCount(tokenizer: some Tokenizer) throws -> Int {
        try (0..<blockCount).reduce(0) {
            try $0 + encodeBlock($1, tokenizer: tokenizer).ids.count
        }
    }

    /// The most tokens of the text: one for each byte; the mark of the end of text, and of a
    /// word at the beginning, beside them. The literals between documents are longer than these.
    fileprivate var largestTokenCount: Int { sourceSize + 2 * ranges.count }
}
