import Diagnostics
import JSON

/// The parts of a tokenizer.json that decide the ids, checked.
///
/// Whatever would change the ids and is not supported is refused: wrong ids are worse than none.
struct TokenizerDocument {
    /// The name of the file in a `Failure`.
    let place: String
    let kind: TokenizerKind
    /// The scheme of byte-pair encoding.
    let scheme: BytePairScheme
    let vocabulary: Vocabulary
    /// Pairs of tokens as they are spelled in the file, first merge first.
    let merges: [(left: [UInt8], right: [UInt8])]
    /// The spelling of the token for what has none.
    let unknownToken: [UInt8]?

    init(json: [UInt8], at place: String) throws {
        let root = try JSONValue(parsing: json, at: place, names: .bytes)
        guard let model = root["model"], model.members != nil else {
            throw Vocabulary.failure("an object model", "none", place)
        }
        self.place = place
        try Self.check(root, model, at: place)
        var scheme = try Self.isCharacter(root) ? nil : BytePairScheme(root, model, at: place)
        vocabulary = try Vocabulary(
            model: model["vocab"], added: root["added_tokens"], at: place)
        merges = try Self.merges(model["merges"], at: place)
        unknownToken = model["unk_token"]?.bytes
        if scheme?.symbols == .characters {
            scheme?.pattern = BytePairScheme.pattern(merges: merges)
        }
        kind = scheme.map { $0.symbols == .bytes ? .bpe : .sentencePiece } ?? .character
        self.scheme = scheme ?? .gpt2
        try checkAgainstVocabulary()
    }

    /// The model of a tokenizer.json, members in the order of the `tokenizers` library.
    static func model(vocabulary: JSONValue, merges: [JSONValue]) -> JSONValue {
        [
            "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
            "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": false, "vocab": vocabulary, "merges": .array(merges),
        ]
    }

    private static func isCharacter(_ root: JSONValue) -> Bool {
        (root["pre_tokenizer"] ?? .null).isNull && (root["normalizer"] ?? .null).isNull
            && root["decoder"]?["type"]?.string == "Fuse"
    }

    /// An added token that is matched on normalized text would have to be normalized too.
    private func checkAgainstVocabulary() throws {
        if scheme.symbols == .characters,
            let token = vocabulary.addedTokens.first(where: \.isNormalized)
        {
            throw Vocabulary.failure(
                "added tokens with normalized false",
                "'\(String(decoding: token.content, as: UTF8.self))' with true", place)
        }
        if let id = scheme.beginningOfTextID, Int(id) >= vocabulary.tokens.count {
            throw Vocabulary.failure(
                "the first token of the post_processor below \(vocabulary.tokens.count)", "\(id)",
                place)
        }
    }

    private static func check(_ root: JSONValue, _ model: JSONValue, at place: String) throws {
        if let type = model["type"]?.string, type != "BPE" {
            throw Vocabulary.failure("a model of type BPE", type, place)
        }
        for key in ["truncation", "padding"] where !(root[key] ?? .null).isNull {
            throw Vocabulary.failure("\(key) null", "a value, which is not supported", place)
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            let value = model[key] ?? .null
            guard value.isNull || value == "" else {
                throw Vocabulary.failure("\(key) null", "a value, which is not supported", place)
            }
        }
        guard (model["dropout"] ?? .null).isNull else {
            throw Vocabulary.failure("dropout null", "a value, which is not supported", place)
        }
    }

    /// Merges are pairs `["a", "b"]` or, in older files, strings `"a b"`.
    private static func merges(
        _ value: JSONValue?, at place: String
    ) throws -> [(left: [UInt8], right: [UInt8])] {
        guard let values = value?.array else {
            throw Vocabulary.failure("a list model.merges", "none", place)
        }
        return try values.enumerated().map { index, value in
            var parts: [[UInt8]] = []
            if let pair = value.array {
                parts = pair.compactMap(\.bytes)
                if pair.count != parts.count { parts = [] }
            } else if let text = value.bytes {
                parts = text.split(separator: 0x20, omittingEmptySubsequences: false).map(
                    Array.init)
            }
            guard parts.count == 2 else {
                throw Vocabulary.failure(
                    "two tokens in merge \(index)", value.summary, place)
            }
            return (parts[0], parts[1])
        }
    }
}
