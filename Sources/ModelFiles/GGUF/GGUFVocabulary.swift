import Diagnostics
import Tokenizers

/// A tokenizer under llama.cpp's keys.
///
/// Byte-level tokenizers are of the kind "gpt2", which follows the merges; those of SentencePiece are of
/// the kind "llama", which follows scores. So is one of characters, as a vocabulary that nothing joins;
/// it has no end of text, for which llama.cpp then takes id 2 unless told `--ignore-eos`.
struct GGUFVocabulary {
    private let contents: TokenizerContents
    private let tokenizer: any Tokenizer
    /// Rows of the model's embedding table that have no token.
    private let paddingCount: Int

    init(_ tokenizer: any Tokenizer, size: Int) throws {
        self.tokenizer = tokenizer
        contents = try TokenizerContents(tokenizer)
        paddingCount = size - tokenizer.vocabularySize
        precondition(paddingCount >= 0, "expected at most \(size) tokens")
    }

    var metadata: [(key: String, value: GGUFValue)] {
        let tokens: [(key: String, value: GGUFValue)] = [
            ("model", .text(isByteLevel ? "gpt2" : "llama")), ("pre", .text(pattern)),
            ("tokens", .texts(contents.tokens + padding)),
            ("token_type", .integers(types)),
        ]
        let merges = contents.merges.map { $0.left + [0x20] + $0.right }
        let rules: [(key: String, value: GGUFValue)] =
            isByteLevel
            ? [("merges", .texts(merges))]
            : [
                ("scores", .numbers(scores)), ("merges", .texts(merges)),
                ("add_space_prefix", .boolean(contents.addsSpace)),
            ]
        return (tokens + rules.filter { $0.value != .texts([]) } + specialTokens).map {
            ("tokenizer.ggml.\($0.key)", $0.value)
        }
    }

    private var isByteLevel: Bool { tokenizer.kind == .bpe }

    private var pattern: String { contents.preTokenizer ?? "default" }

    private var padding: [[UInt8]] {
        (0..<paddingCount).map { Array("[PAD\(tokenizer.vocabularySize + $0)]".utf8) }
    }

    /// Codes of the kinds of tokens; 5 is one that is never used.
    private var types: [Int32] {
        let codes: [TokenizerContents.Kind: Int32] = [
            .normal: 1, .unknown: 2, .special: 3, .added: 4, .byte: 6,
        ]
        return contents.kinds.map { codes[$0] ?? 1 } + padding.map { _ in 5 }
    }

    /// The earlier a merge that makes the token, the higher; those that no merge makes are last.
    private var scores: [Float] {
        var ranks: [[UInt8]: Int] = [:]
        for (rank, merge) in contents.merges.enumerated() {
            ranks[merge.left + merge.right, default: rank] = min(
                rank, ranks[merge.left + merge.right] ?? rank)
        }
        let last = contents.merges.count
        return (contents.tokens + padding).map { -Float(ranks[$0] ?? last) }
    }

    private var specialTokens: [(key: String, value: GGUFValue)] {
        let first = tokenizer.beginningOfTextID
        let begin = (first ?? tokenizer.endOfTextID).map { ("bos", $0) }
        let unknown = contents.unknownID.map { ("unknown", $0) }
        let ids = [begin].compactMap { $0 } + ends.ids + [unknown].compactMap { $0 }
        let all = tokenizer.endOfText.ids
        let list = all.count > 1 ? [(GGUFTokenizer.endList, GGUFValue.integers(all))] : []
        return ids.map { ("\($0)_token_id", .integer(UInt32($1))) } + list
            + [("add_bos_token", .boolean(first != nil))]
    }

    private var ends: (ids: [(name: String, id: Int32)], areAllTold: Bool) {
        GGMLEnds.keys(of: tokenizer.endOfText, contents.tokens) { contents.kinds[$0] == .special }
    }

    /// What llama.cpp does otherwise than this program.
    var notes: [String] {
        guard !ends.areAllTold else { return [] }
        let told = ends.ids.map { "\($0.id)" }.joined(separator: ", ")
        let all = tokenizer.endOfText.ids.map { "\($0)" }.joined(separator: ", ")
        return [
            "llama.cpp has room for three ends of texts: it stops at \(told) and those that it knows "
                + "by their spelling, but this model stops at \(all)"
        ]
    }
}
