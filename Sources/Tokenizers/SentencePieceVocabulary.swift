import Diagnostics
import JSON

/// The pieces of a SentencePiece model of byte-pair encoding, by id.
struct SentencePieceVocabulary {
    struct Piece: Equatable {
        enum Kind: Equatable { case normal, control, unknown, byte }

        /// The text as it is spelled in the file, with U+2581 for a space.
        var text: [UInt8]
        /// The score of the piece: those two neighbours are joined first that make the piece of the
        /// higher score.
        var score: Float
        var kind: Kind
    }

    var pieces: [Piece]
    /// Whether a space is put before every text.
    var addsPrefix = true

    static let beginningOfText = "<s>"

    /// The tokenizer with the same ids, in the format of the `tokenizers` library.
    func tokenizer(at place: String) throws -> any Tokenizer {
        var seen: Set<[UInt8]> = []
        for (id, piece) in pieces.enumerated() where !seen.insert(piece.text).inserted {
            throw Vocabulary.failure(
                "each piece once",
                "'\(String(decoding: piece.text, as: UTF8.self))' again as \(id)",
                place)
        }
        return try TokenizerFile.parse(document().rendered(.tokenizer), at: place)
    }

    /// All pairs of pieces that make a piece: the best piece first; of one piece, the longest left
    /// part first, as `transformers` converts the published models.
    private var merges: [(left: [UInt8], right: [UInt8])] {
        let ids = Dictionary(
            uniqueKeysWithValues: pieces.enumerated().filter { $1.kind == .normal }
                .map { ($1.text, $0) })
        var merges: [(left: [UInt8], right: [UInt8], score: Float)] = []
        for piece in pieces where piece.kind == .normal {
            var pairs: [(left: [UInt8], right: [UInt8])] = []
            for cut in piece.text.indices.dropFirst() {
                let pair = (left: Array(piece.text[..<cut]), right: Array(piece.text[cut...]))
                if ids[pair.left] != nil, ids[pair.right] != nil { pairs.append(pair) }
            }
            pairs.sort { Self.order($0, ids) < Self.order($1, ids) }
            merges += pairs.map { ($0.left, $0.right, piece.score) }
        }
        // Python's sort keeps the order of equals even where it is reversed.
        return merges.enumerated().sorted { a, b in
            let (x, y) = (Self.rank(a.element), Self.rank(b.element))
            return x != y ? x > y : a.offset < b.offset
        }.map { ($0.element.left, $0.element.right) }
    }

    private static func order(
        _ pair: (left: [UInt8], right: [UInt8]), _ ids: [[UInt8]: Int]
    ) -> (Int, Int) {
        (ids[pair.left] ?? 0, ids[pair.right] ?? 0)
    }

    private static func rank(
        _ merge: (left: [UInt8], right: [UInt8], score: Float)
    ) -> (Float, Int, Int) {
        func length(_ bytes: [UInt8]) -> Int {
            String(decoding: bytes, as: UTF8.self).unicodeScalars.count
        }
        return (merge.score, length(merge.left), length(merge.right))
    }

    private func document() -> JSONValue {
        let members = pieces.enumerated().map { id, piece in
            JSONValue.Member(key: piece.text, value: .integer(id))
        }
        let special = pieces.enumerated().filter { $1.kind == .control || $1.kind == .unknown }
        let space = JSONValue.bytes(BytePairSymbols.space)
        let prepend: [JSONValue] =
            addsPrefix ? [["type": "Prepend", "prepend": space]] : []
        let replace: JSONValue = [
            "type": "Replace", "pattern": ["String": " "], "content": space,
        ]
        let strip: [JSONValue] =
            addsPrefix
            ? [["type": "Strip", "content": " ", "start": .integer(1), "stop": .integer(0)]] : []
        return [
            "version": "1.0", "truncation": .null, "padding": .null,
            "added_tokens": .array(special.map { Self.addedToken($1.text, id: $0) }),
            "normalizer": ["type": "Sequence", "normalizers": .array(prepend + [replace])],
            "pre_tokenizer": .null, "post_processor": template,
            "decoder": [
                "type": "Sequence",
                "decoders": .array(
                    [
                        ["type": "Replace", "pattern": ["String": space], "content": " "],
                        ["type": "ByteFallback"], ["type": "Fuse"],
                    ] + strip),
            ],
            "model": [
                "type": "BPE", "dropout": .null, "unk_token": unknown,
                "continuing_subword_prefix": .null, "end_of_word_suffix": .null, "fuse_unk": true,
                "byte_fallback": true, "ignore_merges": false, "vocab": .members(members),
                "merges": .array(merges.map { .array([.bytes($0.left), .bytes($0.right)]) }),
            ],
        ]
    }

    private var unknown: JSONValue {
        pieces.first { $0.kind == .unknown }.map { .bytes($0.text) } ?? .null
    }

    private static func addedToken(_ text: [UInt8], id: Int) -> JSONValue {
        [
            "id": .integer(id), "content": .bytes(text), "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true,
        ]
    }

    /// Texts start with `<s>` where there is one.
    private var template: JSONValue {
        let name = Self.beginningOfText
        guard let id = pieces.firstIndex(where: { $0.text.elementsEqual(name.utf8) }) else {
            return .null
        }
        let token: JSONValue = ["SpecialToken": ["id": .string(name), "type_id": .integer(0)]]
        func text(_ name: String) -> JSONValue {
            ["Sequence": ["id": .string(name), "type_id": .integer(0)]]
        }
        return [
            "type": "TemplateProcessing", "single": [token, text("A")],
            "pair": [token, text("A"), token, text("B")],
            "special_tokens": .members([
                .init(
                    key: Array(name.utf8),
                    value: [
                        "id": .string(name), "ids": [.integer(id)], "tokens": [.string(name)],
                    ])
            ]),
        ]
    }
}
