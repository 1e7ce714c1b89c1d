import Diagnostics
import JSON

/// The pieces of a SentencePiece model, by id, and its settings.
struct SentencePieceVocabulary {
    struct Piece: Equatable {
        enum Kind: Equatable { case normal, control, unknown, userDefined, byte }

        /// The text as it is spelled in the file, with U+2581 for a space.
        var text: [UInt8]
        /// The score of the piece: of byte pairs those two neighbours are joined first that make the
        /// piece of the higher score; of Unigram the logarithm of its probability.
        var score: Float
        var kind: Kind
    }

    var pieces: [Piece]
    var isUnigram = false
    /// Whether a space is put before every text.
    var addsPrefix = true
    /// Whether spaces at the ends are taken off, and those in a row become one.
    var removesSpaces = false
    /// The table of characters of the normalizer, as it stands in the file.
    var characterTable: [UInt8] = []
    /// The token that a text begins with; nil takes the one that is called `<s>`, if there is one.
    var beginID: Int?
    /// Whether texts begin without a token.
    var hasNoBegin = false
    /// Whether symbols are found in the raw text, and each text behind one is prefixed, as llama.cpp
    /// has it, instead of in text whose spaces are marks.
    var findsSymbolsFirst = false

    /// The pieces whose tokens begin texts of models that do not say so.
    static let beginningOfText = "<s>"

    init(pieces: [Piece]) { self.pieces = pieces }

    /// The tokenizer with the same ids, in the format of the `tokenizers` library.
    func tokenizer(at place: String, ends: EndOfText.Declared = .init()) throws -> any Tokenizer {
        var seen = TokenTable(capacity: pieces.count)
        for (id, piece) in pieces.enumerated() {
            guard seen[piece.text] == nil else {
                throw Vocabulary.failure(
                    "each piece once",
                    "'\(String(decoding: piece.text, as: UTF8.self))' again as \(id)",
                    place)
            }
            seen.insert(piece.text, Int32(id))
        }
        return try TokenizerFile.tokenizer(at: place, ends: ends) { parts }
    }

    private var hasSymbols: Bool {
        !findsSymbolsFirst && pieces.contains { $0.kind == .userDefined }
    }
    private var hasBytes: Bool { pieces.contains { $0.kind == .byte } }

    private var parts: TokenizerParts {
        TokenizerParts(
            addedTokens: addedTokens, normalizer: normalizer, preTokenizer: preTokenizer,
            postProcessor: template, decoder: decoder, model: isUnigram ? unigram : bytePairs)
    }

    private var addedTokens: [Vocabulary.AddedToken] {
        pieces.enumerated().compactMap { id, piece in
            switch piece.kind {
            case .normal, .byte: nil
            case .control, .unknown:
                .init(
                    id: Int32(id), content: piece.text, isSpecial: true, isNormalized: false)
            case .userDefined:
                .init(
                    id: Int32(id), content: piece.text, isSpecial: false,
                    isNormalized: !findsSymbolsFirst)
            }
        }
    }

    /// The table, the removal of spaces, the space before the text, and the mark for each space.
    private var normalizer: JSONValue {
        let space = JSONValue.bytes(SpaceMark.bytes)
        func replace(_ pattern: JSONValue, by content: JSONValue) -> JSONValue {
            ["type": "Replace", "pattern": pattern, "content": content]
        }
        var parts: [JSONValue] = []
        if !characterTable.isEmpty {
            parts.append([
                "type": "Precompiled",
                "precompiled_charsmap": .string(CharacterTable.base64(characterTable)),
            ])
        }
        if removesSpaces {
            parts.append(replace(["Regex": #"\A +| +\z"#], by: ""))
            parts.append(replace(["Regex": " {2,}"], by: " "))
        }
        if addsPrefix, !hasSymbols { parts.append(["type": "Prepend", "prepend": space]) }
        parts.append(replace(["String": " "], by: space))
        return ["type": "Sequence", "normalizers": .array(parts)]
    }

    /// Symbols are not prefixed, so that the first text alone is.
    private var preTokenizer: JSONValue {
        guard addsPrefix, hasSymbols else { return .null }
        return [
            "type": "Metaspace", "replacement": .bytes(SpaceMark.bytes),
            "prepend_scheme": "first", "split": false,
        ]
    }

    private var decoder: JSONValue {
        let strip: [JSONValue] =
            addsPrefix
            ? [["type": "Strip", "content": " ", "start": .integer(1), "stop": .integer(0)]] : []
        let replace: JSONValue = [
            "type": "Replace", "pattern": ["String": .bytes(SpaceMark.bytes)], "content": " ",
        ]
        return [
            "type": "Sequence",
            "decoders": .array([replace, ["type": "ByteFallback"], ["type": "Fuse"]] + strip),
        ]
    }

    private var bytePairs: JSONValue {
        let members = pieces.enumerated().map { id, piece in
            JSONValue.Member(key: piece.text, value: .integer(id))
        }
        return [
            "type": "BPE", "dropout": .null,
            "unk_token": pieces.first { $0.kind == .unknown }.map { .bytes($0.text) } ?? .null,
            "continuing_subword_prefix": .null, "end_of_word_suffix": .null, "fuse_unk": true,
            "byte_fallback": .boolean(hasBytes), "ignore_merges": false,
            "vocab": .members(members),
            "merges": .array(
                scoredMerges.map { .array([.bytes($0.left), .bytes($0.right)]) }),
        ]
    }

    private var unigram: JSONValue {
        [
            "type": "Unigram",
            "unk_id": pieces.firstIndex { $0.kind == .unknown }.map(JSONValue.integer) ?? .null,
            "vocab": .array(
                pieces.map { .array([.bytes($0.text), .number(Double($0.score))]) }),
            "byte_fallback": .boolean(hasBytes),
        ]
    }

    private var template: JSONValue {
        guard !hasNoBegin, let id = beginID ?? pieces.firstIndex(where: isBegin) else {
            return .null
        }
        return TokenizerParts.frame(begin: (pieces[id].text, Int32(id)))
    }

    private func isBegin(_ piece: Piece) -> Bool {
        piece.kind == .control && piece.text.elementsEqual(Self.beginningOfText.utf8)
    }
}

// MARK: Merges

extension SentencePieceVocabulary {
    /// Two pieces by their ids, in the order in which pairs are joined.
    private struct ScoredMerge {
        var pair: TokenTable.Pair
        /// The score of what they make, and their lengths.
        var rank: (Float, Int, Int)
    }

    /// All pairs of pieces that make a piece: the best piece first; of one piece, the longest left
    /// part first, as `transformers` converts the published models.
    private var scoredMerges: [(left: [UInt8], right: [UInt8])] {
        var ids = TokenTable(capacity: pieces.count)
        for (id, piece) in pieces.enumerated() where piece.kind == .normal {
            ids.insert(piece.text, Int32(id))
        }
        let lengths = pieces.map { Self.length($0.text) }
        var merges: [ScoredMerge] = []
        for piece in pieces where piece.kind == .normal {
            for pair in ids.pairs(making: piece.text, cuts: Self.isStart) {
                let (left, right) = (lengths[Int(pair.left)], lengths[Int(pair.right)])
                merges.append(ScoredMerge(pair: pair, rank: (piece.score, left, right)))
            }
        }
        // Python's sort keeps the order of equals even where it is reversed.
        return merges.enumerated().sorted { a, b in
            let (x, y) = (a.element.rank, b.element.rank)
            return x != y ? x > y : a.offset < b.offset
        }.map { merge in
            let pair = merge.element.pair
            return (pieces[Int(pair.left)].text, pieces[Int(pair.right)].text)
        }
    }

    /// The number of code points.
    private static func length(_ bytes: [UInt8]) -> Int { bytes.count(where: isStart) }

    /// Whether a byte begins a code point.
    private static func isStart(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }
}
