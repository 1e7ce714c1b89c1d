extension JSONValue {
    /// The document as text, members sorted by their code points.
    ///
    /// - Parameter isPretty: two spaces a level and a final newline, as Hugging Face writes
    ///   config.json; otherwise one line without spaces.
    /// - Precondition: every number is finite.
    package func text(isPretty: Bool = false) -> String {
        String(decoding: rendered(isPretty ? .configuration : .compact), as: UTF8.self)
    }

    /// The document as UTF-8; null stands for a number that is not finite.
    package func rendered(_ style: JSONStyle) -> [UInt8] {
        var writer = JSONWriter(style)
        writer.write(self)
        return writer.bytes + (style.endsWithNewline ? [UInt8(ascii: "\n")] : [])
    }

    /// The text in quotes, escaped as RFC 8259 demands and no further.
    package static func quoted(_ string: String) -> String {
        JSONValue.string(string).text()
    }

    /// What a reader of an error wants to see: the kind, and the value where it is short.
    package var summary: String {
        switch self {
        case .array(let values): "an array of \(values.count)"
        case .members(let members): "an object of \(members.count) members"
        default: String(text().prefix(80))
        }
    }
}
