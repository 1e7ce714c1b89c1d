import Diagnostics
import Files
import JSON
import Tokenizers

/// The tokenizer of a GGUF file, as its fields tell it.
package struct GGUFTokenizer {
    private let metadata: GGUFMetadata

    package init(_ metadata: GGUFMetadata) { self.metadata = metadata }

    package init(reading path: String) throws(Failure) {
        metadata = try GGUFHeader(reading: FileReader(path: path)).metadata
    }

    private static let prefix = "tokenizer.ggml."

    /// The tokenizer of the same ids.
    ///
    /// - Throws: `Failure` for a kind or a pattern that is not known.
    package func tokenizer() throws -> any Tokenizer {
        let model = try metadata.text(Self.prefix + "model")
        guard model == "gpt2" else {
            throw failure("model", expected: "\"gpt2\"")
        }
        return try TokenizerFile.parse(bytePairs().rendered(.tokenizer), at: metadata.path)
    }

    /// The tokenizer_config.json that names the special tokens and holds the chat template.
    package func configurationJSON(maximumLength: Int) throws -> [UInt8] {
        var members: [JSONValue.Member] = []
        func add(_ key: String, _ value: JSONValue) {
            members.append(.init(key: Array(key.utf8), value: value))
        }
        add("tokenizer_class", "PreTrainedTokenizerFast")
        add("model_max_length", .integer(maximumLength))
        add("clean_up_tokenization_spaces", false)
        let tokens = try metadata.texts(Self.prefix + "tokens") ?? []
        for (word, key) in [
            ("bos", "bos"), ("eos", "eos"), ("unknown", "unk"), ("padding", "pad"),
        ] {
            let id = try metadata.integer("\(Self.prefix)\(word)_token_id")
            if let id, tokens.indices.contains(id) { add("\(key)_token", .bytes(tokens[id])) }
        }
        if let template = try metadata.text("tokenizer.chat_template") {
            add("chat_template", .string(template))
        }
        return JSONValue.members(members).rendered(.tokenizer)
    }

    /// A tokenizer.json of byte pairs.
    private func bytePairs() throws -> JSONValue {
        guard let tokens = try metadata.texts(Self.prefix + "tokens"), !tokens.isEmpty else {
            throw failure("tokens", expected: "texts")
        }
        let vocabulary = tokens.enumerated().map { id, token in
            JSONValue.Member(key: token, value: .integer(id))
        }
        let merges = try metadata.texts(Self.prefix + "merges") ?? []
        return [
            "version": "1.0", "truncation": .null, "padding": .null,
            "added_tokens": .array(try addedTokens(tokens)), "normalizer": .null,
            "pre_tokenizer": try preTokenizer(), "post_processor": .null,
            "decoder": Self.byteLevel(usesPattern: true),
            "model": [
                "type": "BPE", "dropout": .null, "unk_token": .null,
                "continuing_subword_prefix": .null, "end_of_word_suffix": .null,
                "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": .members(vocabulary), "merges": .array(merges.map { .bytes($0) }),
            ],
        ]
    }

    /// Tokens of the types 3 (control) and 4 (of the user).
    private func addedTokens(_ tokens: [[UInt8]]) throws -> [JSONValue] {
        let types = try metadata.integers(Self.prefix + "token_type") ?? []
        return zip(tokens, types).enumerated().compactMap { id, token in
            guard token.1 == 3 || token.1 == 4 else { return nil }
            return [
                "id": .integer(id), "content": .bytes(token.0), "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false,
                "special": .boolean(token.1 == 3),
            ]
        }
    }

    private func preTokenizer() throws -> JSONValue {
        switch try metadata.text(Self.prefix + "pre") {
        case "gpt-2", "default": return Self.byteLevel(usesPattern: true)
        case "smollm":
            return [
                "type": "Sequence",
                "pretokenizers": [
                    ["type": "Digits", "individual_digits": true],
                    Self.byteLevel(usesPattern: true),
                ],
            ]
        default: throw failure("pre", expected: "\"gpt-2\", \"default\" or \"smollm\"")
        }
    }

    private static func byteLevel(usesPattern: Bool) -> JSONValue {
        [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": .boolean(usesPattern),
        ]
    }

    private func failure(_ key: String, expected: String) -> Failure {
        metadata.failure(
            Self.prefix + key, expected: expected, metadata.fields[Self.prefix + key])
    }
}
