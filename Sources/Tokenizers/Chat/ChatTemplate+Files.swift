import Diagnostics
import Files
import JSON

/// The sources of templates: a model directory, a name, a file of pieces.
extension ChatTemplate {
    /// Keys of tokenizer_config.json: the template as transformers reads it, and its pieces.
    static let jinjaKey = "chat_template"
    static let piecesKey = "chat_template_pieces"

    /// The template of a model directory; nil where it has none.
    ///
    /// - Throws: `Failure` for a template that was not written by this program: nobody but Jinja
    ///   knows where its answers begin and end.
    package static func load(directory: String) throws -> ChatTemplate? {
        let place = "\(directory)/tokenizer_config.json"
        guard try DirectoryEntries.isThere(place) else { return nil }
        let what = "cannot read the chat template"
        let configuration = try JSONValue(
            parsing: try FileReader.bytes(of: place, what: what), at: place)
        // transformers saves it in a file of its own, which comes first.
        let file = "\(directory)/chat_template.jinja"
        let separate =
            try DirectoryEntries.isThere(file)
            ? JSONValue.bytes(FileReader.bytes(of: file, what: what)) : nil
        return try ChatTemplate(configuration: configuration, jinja: separate, at: place)
    }

    /// A built-in template by its name, or one from a JSON file of pieces.
    ///
    /// - Throws: a usage `Failure` for what is neither.
    package static func named(
        _ name: String, for tokenizer: some Tokenizer
    ) throws -> ChatTemplate {
        if let builtIn = BuiltIn(rawValue: name) { return try .init(builtIn, for: tokenizer) }
        guard try DirectoryEntries.isThere(name) else {
            throw Failure(
                "unknown chat template",
                expected: names.joined(separator: ", ") + ", or a JSON file of pieces",
                got: "\"\(name)\"", kind: .usage)
        }
        let bytes = try FileReader.bytes(of: name, what: "cannot read the chat template")
        return try ChatTemplate(json: JSONValue(parsing: bytes, at: name), at: name)
    }

    /// The template that a tokenizer_config.json holds.
    ///
    /// - Parameter jinja: from a file of its own, if there is one.
    package init?(configuration: JSONValue, jinja separate: JSONValue? = nil, at place: String)
        throws
    {
        let jinja = separate ?? configuration[Self.jinjaKey] ?? .null
        guard !jinja.isNull else { return nil }
        guard let pieces = configuration[Self.piecesKey] else {
            throw Self.foreign(jinja, at: place)
        }
        try self.init(json: pieces, at: "\(Self.piecesKey) of \(place)")
        guard jinja.string == self.jinja else {
            throw Failure(
                "the chat template has been changed",
                expected: "the one that its pieces make", got: "another \(Self.jinjaKey)",
                at: (separate == nil ? "" : "chat_template.jinja beside ") + place,
                remedy: "name the template to use with --template")
        }
    }

    private static func foreign(_ jinja: JSONValue, at place: String) -> Failure {
        let marks: [(text: String, template: BuiltIn)] = [
            ("<|im_start|>", .chatml), ("<|start_header_id|>", .llama3), ("[INST]", .llama2),
            ("<|user|>", .zephyr),
        ]
        let text = jinja.string ?? ""
        let likely = marks.first { text.contains($0.text) }?.template
        let known = names.joined(separator: ", ")
        return Failure(
            "the model's chat template was not written by this program",
            expected: "the pieces of a template beside its Jinja text", got: "Jinja alone",
            at: place,
            remedy: "name one of \(known) with --template"
                + (likely.map { "; this one looks like \($0.rawValue)" } ?? ""))
    }
}
