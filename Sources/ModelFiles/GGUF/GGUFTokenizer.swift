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
    /// The tokens that end a text: of documents, of turns, of messages.
    private static let ends = ["eos", "eot", "eom"]
    /// All ends, as ollama writes them.
    static let endList = "eos_token_ids"

    /// The tokenizer of the same ids.
    ///
    /// - Throws: `Failure` for a kind or a pattern that is not known, and fields that contradict each
    ///   other.
    package func tokenizer() throws -> any Tokenizer {
        guard let model = try metadata.text(Self.prefix + "model"),
            let tokens = try metadata.texts(Self.prefix + "tokens"), !tokens.isEmpty
        else {
            throw metadata.failure(
                Self.prefix + "tokens", expected: "a model with its tokens", nil)
        }
        var vocabulary = GGMLVocabulary(
            model: model, pre: try metadata.text(Self.prefix + "pre"), tokens: tokens)
        vocabulary.types =
            try metadata.integers(Self.prefix + "token_type")
            .map { $0.map(Int32.init(truncatingIfNeeded:)) } ?? []
        vocabulary.scores = try metadata.numbers(Self.prefix + "scores") ?? []
        vocabulary.merges = try metadata.texts(Self.prefix + "merges") ?? []
        vocabulary.beginID = try id("bos")
        vocabulary.endIDs = try endIDs()
        vocabulary.answerEnd = answerEnd
        vocabulary.addsBegin = try metadata.boolean(Self.prefix + "add_bos_token")
        vocabulary.addsEnd = try metadata.boolean(Self.prefix + "add_eos_token")
        vocabulary.addsSpacePrefix = try metadata.boolean(Self.prefix + "add_space_prefix")
        return try vocabulary.tokenizer(at: metadata.path)
    }

    /// What the keys say: the end of documents, then those of the list in its order.
    private func endIDs() throws -> [Int32] {
        let list = try metadata.integers(Self.prefix + Self.endList) ?? []
        let named = try Self.ends.compactMap { try id($0) }
        return named.prefix(1) + list.compactMap { Int32(exactly: $0) } + named.dropFirst()
    }

    /// What ends an answer; a template that cannot be used is told where it is wanted.
    private var answerEnd: [UInt8]? {
        let template = try? ChatTemplate(
            configuration: configuration(maximumLength: 1), at: metadata.path)
        return template?.answerEndToken
    }

    private func id(_ name: String) throws -> Int32? {
        try metadata.integer("\(Self.prefix)\(name)_token_id").flatMap(Int32.init(exactly:))
    }

    /// The tokenizer_config.json that names the special tokens and holds the chat template.
    package func configuration(maximumLength: Int) throws -> JSONValue {
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
            if let id = try id(word).map(Int.init), tokens.indices.contains(id) {
                add("\(key)_token", .bytes(tokens[id]))
            }
        }
        if let template = try metadata.text("tokenizer.chat_template") {
            add("chat_template", .string(template))
        }
        return .members(members)
    }
}
