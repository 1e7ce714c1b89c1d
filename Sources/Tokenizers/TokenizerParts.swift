import JSON

/// The parts of a tokenizer.json to be written, as the `tokenizers` library saves them.
struct TokenizerParts {
    var addedTokens: [Vocabulary.AddedToken] = []
    var normalizer = JSONValue.null
    var preTokenizer = JSONValue.null
    var postProcessor = JSONValue.null
    var decoder: JSONValue
    var model: JSONValue

    var root: JSONValue {
        [
            "version": "1.0", "truncation": .null, "padding": .null,
            "added_tokens": .array(addedTokens.map(Self.added)), "normalizer": normalizer,
            "pre_tokenizer": preTokenizer, "post_processor": postProcessor, "decoder": decoder,
            "model": model,
        ]
    }

    static func added(_ token: Vocabulary.AddedToken) -> JSONValue {
        [
            "id": .integer(Int(token.id)), "content": .bytes(token.content),
            "single_word": .boolean(token.isSingleWord), "lstrip": .boolean(token.takesSpaceBefore),
            "rstrip": .boolean(token.takesSpaceBehind),
            "normalized": .boolean(token.isNormalized), "special": .boolean(token.isSpecial),
        ]
    }

    static func byteLevel(usesPattern: Bool, addsSpace: Bool = false) -> JSONValue {
        [
            "type": "ByteLevel", "add_prefix_space": .boolean(addsSpace), "trim_offsets": true,
            "use_regex": .boolean(usesPattern),
        ]
    }

    /// A cut into the matches of a pattern, then the alphabet of bytes.
    static func split(_ expression: String) -> JSONValue {
        let split: JSONValue = [
            "type": "Split", "pattern": ["Regex": .string(expression)], "behavior": "Isolated",
            "invert": false,
        ]
        return sequence([split, byteLevel(usesPattern: false)])
    }

    static func sequence(_ parts: [JSONValue]) -> JSONValue {
        ["type": "Sequence", "pretokenizers": .array(parts)]
    }

    static let singleDigits: JSONValue = ["type": "Digits", "individual_digits": true]

    /// Tokens before and behind each text; null where there are none.
    static func frame(
        begin: (text: [UInt8], id: Int32)?, end: (text: [UInt8], id: Int32)? = nil
    ) -> JSONValue {
        guard begin != nil || end != nil else { return .null }
        func token(_ text: [UInt8]) -> JSONValue {
            ["SpecialToken": ["id": .bytes(text), "type_id": .integer(0)]]
        }
        func framed(_ name: String) -> [JSONValue] {
            let text: JSONValue = ["Sequence": ["id": .string(name), "type_id": .integer(0)]]
            return (begin.map { [token($0.text)] } ?? []) + [text]
                + (end.map { [token($0.text)] } ?? [])
        }
        let tokens = [begin, end].compactMap(\.self).map { special in
            JSONValue.Member(
                key: special.text,
                value: [
                    "id": .bytes(special.text), "ids": [.integer(Int(special.id))],
                    "tokens": [.bytes(special.text)],
                ])
        }
        let distinct = tokens.count == 2 && tokens[0].key == tokens[1].key ? [tokens[0]] : tokens
        return [
            "type": "TemplateProcessing", "single": .array(framed("A")),
            "pair": .array(framed("A") + framed("B")), "special_tokens": .members(distinct),
        ]
    }
}
