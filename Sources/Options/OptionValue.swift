/// A value as a recipe spells it, before it has a type.
package indirect enum OptionValue: Equatable, Sendable {
    /// `isPlain` is false for quoted text, which is never a number, a boolean or null.
    case scalar(String, isPlain: Bool)
    case list([OptionValue])
    /// Keys with values on one line, as in `{kind: length, minimum: 100}`.
    case members([Member])

    package struct Member: Equatable, Sendable {
        package var key: String
        package var value: OptionValue

        package init(key: String, value: OptionValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value of a key that is not set.
    package static let null = OptionValue.scalar("null", isPlain: true)

    /// A value that is spelled without quotes: a number, a boolean, null.
    package static func plain(_ text: String) -> OptionValue { .scalar(text, isPlain: true) }

    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = self else { return false }
        return ["null", "~", ""].contains(text)
    }

    /// Whether the value names nothing: null, or an empty list.
    package var isNothing: Bool { isNull || self == .list([]) }

    /// Whether the value asks for nothing to be done, so that it means the same as its absence.
    package var isOff: Bool {
        guard case .scalar(let text, _) = self else { return isNothing }
        return isNull || ["false", "none", "0", "0.0"].contains(text)
    }
}

extension OptionValue: CustomStringConvertible {
    /// The value on one line, as YAML reads it back.
    package var description: String {
        switch self {
        case .scalar(let text, isPlain: true): text
        case .scalar(let text, isPlain: false): Self.isPlainText(text) ? text : Self.quoted(text)
        case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .members(let members):
            "{" + members.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
        }
    }

    /// The value in a message: text always bears quotes there.
    package var quotedDescription: String {
        switch self {
        case .scalar(let text, isPlain: true) where isNull || Double(self) != nil:
            text.isEmpty ? "nothing" : text
        case .scalar(let text, _): Self.quoted(text)
        case .list, .members: description
        }
    }

    /// Whether YAML reads the bare text back as the same text: a word of safe characters that
    /// no YAML version takes for a number, a boolean or null.
    private static func isPlainText(_ text: String) -> Bool {
        let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        guard let first = text.unicodeScalars.first, !reserved.contains(text.lowercased()),
            first.isASCII, first.properties.isAlphabetic || first == "/" || first == "_"
        else { return false }
        return text.unicodeScalars.allSatisfy {
            $0.isASCII
                && ($0.properties.isAlphabetic || "0123456789/._-".unicodeScalars.contains($0))
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case _ where needsEscape(scalar): quoted += escape(scalar)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Control characters, the other line breaks, and the byte order mark.
    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            || [0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff].contains(scalar.value)
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
