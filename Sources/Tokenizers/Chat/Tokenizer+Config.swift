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
        if let id = beginningOfTextID ?? endOfTextID {
            add("bos_token", .bytes(try bytes(of: [id])))
        }
        if let endOfTextID { add("eos_token", .bytes(try bytes(of: [endOfTextID]))) }
        if let template {
            add(ChatTemplate.jinjaKey, .string(template.jinja))
            add(ChatTemplate.piecesKey, template.json)
        }
        return JSONValue.members(members).rendered(.tokenizer)
    }
}
