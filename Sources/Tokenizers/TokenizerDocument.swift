import Diagnostics
import JSON

/// The parts of a tokenizer.json that decide the ids, checked.
///
/// Whatever would change the ids and is not supported is refused: wrong ids are worse than none.
struct TokenizerDocument {
    /// Names the file in a `Failure`.
    let place: String
    let kind: TokenizerKind
    let vocabulary: Vocabulary
    /// Pairs of tokens as they are spelled in the file, first merge first.
    let merges: [(left: [UInt8], right: [UInt8])]

    init(json: [UInt8], at place: String) throws {
        let root = try JSONValue(parsing: json, at: place, names: .bytes)
        guard let model = root["model"], model.members != nil else {
            throw Vocabulary.failure("an object model", "none", place)
        }
        self.place = place
        kind = try Self.kind(root, at: place)
        try Self.check(root, model, at: place)
        vocabulary = try Vocabulary(
            model: model["vocab"], added: root["added_tokens"], at: place)
        merges = try Self.merges(model["merges"], at: place)
    }

    /// The model of a tokenizer.json, members in the order of the `tokenizers` library.
    static func model(vocabulary: JSONValue, merges: [JSONValue]) -> JSONValue {
        [
            "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
            "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": false, "vocab": vocabulary, "merges": .array(merges),
        ]
    }

    private static func kind(_ root: JSONValue, at place: String) throws -> TokenizerKind {
        let splitter = root["pre_tokenizer"] ?? .null
        let decoder = root["decoder"]?["type"]?.string ?? "none"
        switch (splitter["type"]?.string ?? "none", decoder) {
        case ("none", "Fuse") where splitter.isNull: return .character
        case ("ByteLevel", "ByteLevel"):
            guard splitter["add_prefix_space"]?.boolean == false else {
                throw Vocabulary.failure("add_prefix_space false", "another value", place)
            }
            guard splitter["use_regex"]?.boolean ?? true else {
                throw Vocabulary.failure("use_regex true", "false", place)
            }
            return .bpe
        case (let splitter, let decoder):
            throw Vocabulary.failure(
                "pre-tokenizer and decoder ByteLevel, or none and Fuse",
                "\(splitter) and \(decoder)", place)
        }
    }

    private static func check(_ root: JSONValue, _ model: JSONValue, at place: String) throws {
        if let type = model["type"]?.string, type != "BPE" {
            throw Vocabulary.failure("a model of type BPE", type, place)
        }
        for key in ["normalizer", "truncation", "padding"] where !(root[key] ?? .null).isNull {
            throw Vocabulary.failure("\(key) null", "a value, which is not supported", place)
        }
        let processor = root["post_processor"] ?? .null
        guard processor.isNull || processor["type"]?.string == "ByteLevel" else {
            throw Vocabulary.failure(
                "a post_processor null or ByteLevel", (processor["type"] ?? .null).summary,
                place)
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            let value = model[key] ?? .null
            guard value.isNull || value == "" else {
                throw Vocabulary.failure("\(key) null", "a value, which is not supported", place)
            }
        }
        guard (model["dropout"] ?? .null).isNull, !(model["ignore_merges"]?.boolean ?? false) else {
            throw Vocabulary.failure("neither dropout nor ignore_merges", "one of them", place)
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
