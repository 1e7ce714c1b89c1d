import Diagnostics
import Files
import JSON

/// The sources of templates: a model directory, a name, a file of pieces or of Jinja.
extension ChatTemplate {
    /// Keys of tokenizer_config.json: the template as transformers reads it, and its pieces.
    static let jinjaKey = "chat_template"
    static let piecesKey = "chat_template_pieces"
    /// The name of a template that came with its model.
    static let ownName = "of the model"

    /// The template of a model directory; nil where it has none.
    ///
    /// - Throws: `Failure` for what is no template, with the line.
    package static func load(directory: String) throws -> ChatTemplate? {
        let place = "\(directory)/tokenizer_config.json"
        let what = "cannot read the chat template"
        let configuration: JSONValue =
            try DirectoryEntries.isThere(place)
            ? JSONValue(parsing: try FileReader.bytes(of: place, what: what), at: place)
            : .members([])
        // transformers saves it in a file of its own, which comes first.
        let file = "\(directory)/chat_template.jinja"
        let separate =
            try DirectoryEntries.isThere(file)
            ? JSONValue.bytes(FileReader.bytes(of: file, what: what)) : nil
        return try ChatTemplate(
            configuration: configuration, jinja: separate, at: separate == nil ? place : file)
    }

    /// A built-in template by its name, one from a file of Jinja, or one from a JSON file of pieces.
    ///
    /// - Throws: a usage `Failure` for what is none of these.
    package static func named(
        _ name: String, for tokenizer: some Tokenizer
    ) throws -> ChatTemplate {
        if let builtIn = BuiltIn(rawValue: name) { return try .init(builtIn, for: tokenizer) }
        guard try DirectoryEntries.isThere(name) else {
            throw Failure(
                "unknown chat template",
                expected: names.joined(separator: ", ")
                    + ", a .jinja file or a JSON file of pieces",
                got: "\"\(name)\"", kind: .usage)
        }
        let bytes = try FileReader.bytes(of: name, what: "cannot read the chat template")
        guard name.hasSuffix(".jinja") else {
            return try ChatTemplate(json: JSONValue(parsing: bytes, at: name), at: name)
        }
        var tokens: [String: String] = [:]
        for (key, id) in [
            ("bos_token", tokenizer.beginningOfTextID), ("eos_token", tokenizer.endOfTextID),
        ] {
            tokens[key] = try id.map { try tokenizer.decode([$0]) }
        }
        return try at(name) {
            try ChatTemplate(
                name: name, jinja: String(decoding: bytes, as: UTF8.self), tokens: tokens)
        }
    }

    /// The template that a tokenizer_config.json holds.
    ///
    /// - Parameter jinja: from a file of its own, if there is one.
    package init?(configuration: JSONValue, jinja separate: JSONValue? = nil, at place: String)
        throws
    {
        let stored = separate ?? configuration[Self.jinjaKey] ?? .null
        guard let jinja = try Self.text(stored, at: place) else { return nil }
        if let pieces = configuration[Self.piecesKey],
            let own = try? ChatTemplate(json: pieces, at: place), own.jinja == jinja
        {
            self = own
            return
        }
        self = try Self.at(place) {
            try ChatTemplate(
                name: Self.ownName, jinja: jinja, tokens: Self.tokens(configuration),
                marks: Self.marks(configuration))
        }
    }

    /// Puts the file into a failure beside the line.
    private static func at(
        _ place: String, _ make: () throws -> ChatTemplate
    ) throws -> ChatTemplate {
        do {
            return try make()
        } catch var failure as Failure {
            failure.place = failure.place.map { "\(place), \($0)" } ?? place
            throw failure
        }
    }

    /// One text, or the default of several with names.
    private static func text(_ stored: JSONValue, at place: String) throws -> String? {
        guard !stored.isNull else { return nil }
        if let text = stored.string { return text }
        let named = stored.array ?? []
        let chosen = named.first { $0["name"]?.string == "default" } ?? named.first
        guard let text = chosen?["template"]?.string else {
            throw Failure(
                "cannot read the chat template", expected: "a text, or texts with names",
                got: stored.summary, at: place)
        }
        return text
    }

    /// A token is a text, or an object with its content.
    private static func token(_ value: JSONValue?) -> String? {
        value?.string ?? value?["content"]?.string
    }

    private static func tokens(_ configuration: JSONValue) -> [String: String] {
        var tokens: [String: String] = [:]
        for member in configuration.members ?? [] {
            let name = String(decoding: member.key, as: UTF8.self)
            if name.hasSuffix("_token"), let text = token(member.value) { tokens[name] = text }
        }
        return tokens
    }

    /// The texts of all special tokens.
    private static func marks(_ configuration: JSONValue) -> Set<String> {
        let added = configuration["added_tokens_decoder"]?.members ?? []
        let special = added.filter { $0.value["special"]?.boolean == true }.map(\.value)
        let more = configuration["additional_special_tokens"]?.array ?? []
        return Set((special + more).compactMap(token))
    }
}
