import Diagnostics
import JSON

/// Learns the pieces of a Unigram model and their probabilities from counted words, as SentencePiece and the
/// `UnigramTrainer` of the `tokenizers` library do (Kudo 2018, section 3.2).
///
/// It starts from the frequent parts of words. Each round estimates the probabilities by expectation and
/// maximisation, twice, and drops a quarter of the pieces: those without which the words would lose the least
/// likelihood. The vocabulary is `<|endoftext|>` (id 0), `<unk>`, the 256 bytes, with which rare characters
/// are written, and the pieces, the likeliest first. Equal counts give equal files, on any number of threads.
package struct UnigramTrainer: Sendable {
    /// The end of text, the unknown token and the bytes.
    static let specialCount = 258
    /// Code points of the longest piece.
    static let longestPiece = 16
    /// Frequent parts of words to start from.
    static let seedCount = 1_000_000
    /// Share of the text's characters that are pieces of their own; the rarest others are written as bytes.
    static let coverage = 0.9995
    /// Share of the pieces that a round keeps.
    private static let keptShare = 0.75
    /// Estimates of the probabilities in a round.
    private static let estimateCount = 2

    /// The number of tokens to end with; a text with few words ends with fewer.
    package let vocabularySize: Int

    package init(vocabularySize: Int) throws {
        guard vocabularySize > Self.specialCount, vocabularySize < Int(Int32.max) else {
            throw Failure(
                "cannot train a tokenizer",
                expected: "a vocabulary of more than \(Self.specialCount) tokens",
                got: "\(vocabularySize)", at: "tokenizer.vocabulary_size", remedy: "raise it",
                kind: .usage)
        }
        self.vocabularySize = vocabularySize
    }

    /// - Parameter words: Counted by `WordCounts.ofUnigram`.
    package func train(_ words: WordCounts, threads: Int = 1) throws -> any Tokenizer {
        let text = UnigramText(words, coverage: Self.coverage)
        let wanted = vocabularySize - Self.specialCount
        guard text.alphabet.count <= wanted else {
            throw Failure(
                "cannot train a tokenizer",
                expected: "a vocabulary of at least \(text.alphabet.count + Self.specialCount) "
                    + "tokens for \(text.alphabet.count) characters", got: "\(vocabularySize)",
                at: "tokenizer.vocabulary_size", remedy: "raise it", kind: .usage)
        }
        var pieces = UnigramSeeds(of: text).pieces
        let enough = wanted * 11 / 10
        while true {
            for _ in 0..<Self.estimateCount {
                pieces.estimate(from: try text.expectedCounts(of: pieces, threads: threads))
            }
            guard pieces.count > enough else { break }
            let target = max(enough, Int(Double(pieces.count) * Self.keptShare))
            let uses = try text.uses(of: pieces, threads: threads)
            guard pieces.prune(to: target, uses, in: text) else { break }
        }
        return try UnigramTokenizer.trained(pieces.likeliest(wanted))
    }
}

extension UnigramTokenizer {
    /// The tokenizer that has no file yet.
    fileprivate static func trained(
        _ pieces: [(text: [UInt8], score: Double)]
    ) throws -> any Tokenizer {
        let endOfText = Array(BytePairTokenizer.endOfText.utf8)
        let special = [endOfText, Array("<unk>".utf8)]
        let bytes = (UInt8.min...UInt8.max).map { ByteToken.spelling(of: $0) }
        // The `tokenizers` library reads more digits than 15 inexactly, which may decide between equal ways.
        let pieces = pieces.map { ($0.text, score: ($0.score * 1e10).rounded() / 1e10) }
        // Nothing that is spelled in characters is ever read as one of them.
        let least = (10 * (pieces.map(\.score).min() ?? -1)).rounded()
        let all = (special + bytes).map { ($0, least) } + pieces
        let metaspace: JSONValue = [
            "type": "Metaspace", "replacement": .bytes(SpaceMark.bytes), "prepend_scheme": "never",
            "split": true,
        ]
        let replace: JSONValue = [
            "type": "Replace", "pattern": ["String": .bytes(SpaceMark.bytes)], "content": " ",
        ]
        let parts = TokenizerParts(
            addedTokens: [
                .init(id: 0, content: endOfText, isSpecial: true, isNormalized: false)
            ],
            preTokenizer: metaspace,
            decoder: [
                "type": "Sequence",
                "decoders": [replace, ["type": "ByteFallback"], ["type": "Fuse"]],
            ],
            model: [
                "type": "Unigram", "unk_id": 1,
                "vocab": .array(all.map { .array([.bytes($0.0), .number($0.1)]) }),
                "byte_fallback": true,
            ])
        return try TokenizerFile.tokenizer(parts.root, at: "the trained tokenizer")
    }
}
