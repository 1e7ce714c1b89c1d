extension JSONValue {
    /// The document as text, members sorted by their code points.
    ///
    /// - Parameter isPretty: two spaces a level and a final newline, as Hugging Face writes
    ///   config.json; otherwise one line without spaces.
    /// - Precondition: every number is finite.
    package func text(isPretty: Bool = false) -> String {
        var text = ""
        append(to: &text, isPretty: isPretty, level: 0)
        if isPretty { text += "\n" }
        return text
    }

    /// The text in quotes, escaped as RFC 8259 demands and no further.
    package static func quoted(_ string: String) -> String {
        var quoted = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private func append(to text: inout String, isPretty: Bool, level: Int) {
        switch self {
        case .null: text += "null"
        case .boolean(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value):
            precondition(value.isFinite, "JSON has no number for \(value)")
            text += value.description
        case .string(let value): text += Self.quoted(value)
        case .array(let values):
            Self.appendList(values, in: "[]", to: &text, isPretty: isPretty, level: level) {
                $0.append(to: &$1, isPretty: isPretty, level: level + 1)
            }
        case .object(let members):
            let sorted = members.sorted {
                $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars)
            }
            Self.appendList(sorted, in: "{}", to: &text, isPretty: isPretty, level: level) {
                $1 += Self.quoted($0.key) + (isPretty ? ": " : ":")
                $0.value.append(to: &$1, isPretty: isPretty, level: level + 1)
            }
        }
    }

    private static func appendList<Element>(
        _ elements: [Element], in brackets: String, to text: inout String, isPretty: Bool,
        level: Int, appendElement: (Element, inout String) -> Void
    ) {
        text += brackets.prefix(1)
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            if isPretty { text += "\n" + String(repeating: "  ", count: level + 1) }
            appendElement(element, &text)
        }
        if isPretty && !elements.isEmpty { text += "\n" + String(repeating: "  ", count: level) }
        text += brackets.suffix(1)
    }
}
