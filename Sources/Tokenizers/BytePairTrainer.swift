import Diagnostics

/// Learns the merges of byte-level BPE from counted words, as `BpeTrainer` of the `tokenizers`
/// library does.
///
/// The vocabulary is `<|endoftext|>` (id 0), the 256 bytes in the order of their characters, and
/// one token for each merge. Equal counts give equal files.
package struct BytePairTrainer: Sendable {
    /// The least vocabulary: the end of text and the bytes.
    package static let minimumVocabularySize = 257

    /// The number of tokens to end with, 257 or more; a text with too few pairs ends with fewer.
    package let vocabularySize: Int

    package init(vocabularySize: Int) throws {
        guard vocabularySize >= Self.minimumVocabularySize, vocabularySize < Int(Int32.max) else {
            throw Failure(
                "cannot train a tokenizer", expected: "a vocabulary of 257 or more tokens",
                got: "\(vocabularySize)", at: "tokenizer.vocabulary_size",
                remedy: "raise it, or train a character tokenizer", kind: .usage)
        }
        self.vocabularySize = vocabularySize
    }

    /// - Parameter pattern: that by which the words were cut.
    package func train(
        _ words: WordCounts, pattern: TokenizerPattern = .gpt2
    ) throws -> BytePairTokenizer {
        let endOfText = Array(BytePairTokenizer.endOfText.utf8)
        let alphabet = ByteAlphabet.bytesInOrder.map { [$0] }
        let learner = MergeLearner(words, tokens: [endOfText] + alphabet)
        while learner.tokens.count < vocabularySize, learner.mergeNext() {}
        let spellings =
            [endOfText] + learner.tokens.dropFirst().map { ByteAlphabet.spelling(of: $0) }
        let token = Vocabulary.AddedToken(
            id: 0, content: endOfText, isSpecial: true, isNormalized: false)
        return try BytePairTokenizer(
            Vocabulary(tokens: spellings, addedTokens: [token]),
            spelledMerges: learner.merges.map {
                (spellings[Int($0.left)], spellings[Int($0.right)])
            },
            pieces: pattern.pieces, at: "the trained tokenizer")
    }
}
