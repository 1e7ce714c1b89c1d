import Files
import JSON

/// The ids that end a text: the one place that knows them.
package struct EndOfText: Equatable, Sendable {
    /// The id that follows a document, nil where the vocabulary has none.
    package private(set) var separatorID: Int32?
    /// All ids that end a text, in the order in which the files of the model name them.
    package private(set) var ids: [Int32] = []

    /// - Parameter separatorID: the only end.
    package init(_ separatorID: Int32? = nil) {
        self.separatorID = separatorID
        ids = separatorID.map { [$0] } ?? []
    }

    /// Whether generation stops at an id.
    package func contains(_ id: Int32) -> Bool { ids.contains(id) }

    /// Adds an end, such as that of an answer in the chat template; the first one is the separator too.
    package mutating func add(_ id: Int32) {
        if separatorID == nil { separatorID = id }
        if !ids.contains(id) { ids.append(id) }
    }
}

extension EndOfText {
    /// What the files beside a tokenizer say about ends.
    package struct Declared: Equatable, Sendable {
        /// The spelling of the end in tokenizer_config.json.
        package var name: [UInt8]?
        /// The ids in config.json, then those in generation_config.json.
        package var ids: [Int32] = []
        /// The text that ends an answer in the chat template.
        package var answerEnd: [UInt8]?

        package init() {}

        /// What these files say, then what others say that lie elsewhere.
        func merging(_ other: Declared) -> Declared {
            var merged = self
            merged.name = name ?? other.name
            merged.ids += other.ids
            merged.answerEnd = answerEnd ?? other.answerEnd
            return merged
        }

        /// Reads the files of a model directory; those that are not there, or say nothing, are passed
        /// over.
        package init(directory: String) throws {
            func document(_ name: String) throws -> JSONValue? {
                let path = directory + "/" + name
                guard try DirectoryEntries.isThere(path, followsLinks: true) else { return nil }
                return try? JSONValue(parsing: try FileReader.bytes(of: path), at: path)
            }
            let config = try document("config.json")
            for source in [config, config?["text_config"], try document("generation_config.json")] {
                let value = source?["eos_token_id"] ?? .null
                ids += (value.array ?? [value]).compactMap {
                    $0.integer.flatMap(Int32.init(exactly:))
                }
            }
            let token = try document("tokenizer_config.json")?["eos_token"] ?? .null
            name = token.bytes ?? token["content"]?.bytes
        }
    }

    /// The spellings that published tokenizers have; the first that is an added token counts where no
    /// file says more.
    private static let spellings = [
        BytePairTokenizer.endOfText, "<|end_of_text|>", "</s>", "<eos>", "[EOS]", "<|eos|>",
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>",
    ]

    /// The ends of a tokenizer: its declared name, then declared ids that are tokens, then the token
    /// that its post-processor puts behind texts; without any the first known spelling. What ends an answer
    /// ends a text, too, where it is a token of its own.
    init(_ declared: Declared, _ document: TokenizerDocument) {
        self.init()
        let vocabulary = document.vocabulary
        if let name = declared.name, let id = vocabulary.ids[name] { add(id) }
        for id in declared.ids where id >= 0 && Int(id) < vocabulary.tokens.count { add(id) }
        if let id = document.frame.endID { add(id) }
        func added(_ content: some Collection<UInt8>) -> Int32? {
            vocabulary.addedTokens.first { $0.content.elementsEqual(content) }?.id
        }
        if ids.isEmpty, let id = Self.spellings.lazy.compactMap({ added($0.utf8) }).first {
            add(id)
        }
        if let id = declared.answerEnd.flatMap({ added($0) }) { add(id) }
    }
}
