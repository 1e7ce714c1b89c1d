import JSON

extension Tokenizer {
    /// The tokenizer_config.json of a Hugging Face model directory.
    ///
    /// It names PreTrainedTokenizerFast, without which `AutoTokenizer` rebuilds the tokenizer from
    /// the model's type and loses what tokenizer.json contains.
    ///
    /// - Parameters:
    ///   - maximumLength: the model's context length, in tokens.
    ///   - template: how the model was taught to talk; kept as `chat_template`, which transformers
    ///     reads, and by its pieces, which this program reads.
    package func tokenizerConfigJSON(
        maximumLength: Int, template: ChatTemplate? = nil
    ) throws -> [UInt8] {
        var members: [JSONValue.Member] = []
        func add(_ key: String, _ value: JSONValue) {
            members.append(.init(key: Array(key.utf8), value: value))
        }
        add("tokenizer_class", "PreTrainedTokenizerFast")
        add("model_max_length", .integer(maximumLength))
        add("clean_up_tokenization_spaces", false)
        // A template has been written for its own tokens.
        var tokens = (template?.tokens ?? [:]).mapValues { JSONValue.string($0) }
        for (name, id) in [
            ("bos_token", beginningOfTextID ?? endOfTextID), ("eos_token", endOfTextID),
        ] where tokens[name] == nil {
            tokens[name] = try id.map { .bytes(try bytes(of: [$0])) }
        }
        for (name, token) in tokens.sorted(by: { $0.key < $1.key }) { add(name, token) }
        if let template {
            add(ChatTemplate.jinjaKey, .string(template.jinja))
            if let pieces = template.json { add(ChatTemplate.piecesKey, pieces) }
        }
        return JSONValue.members(members).rendered(.tokenizer)
    }
}
