import JSON

/// Reads what Python prints of a value, as `ast.literal_eval` does: texts, numbers, lists, dictionaries.
struct PythonLiteral {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    private static let maximumDepth = 50

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// The value; nil where the text is no literal.
    static func value(_ text: String) -> JSONValue? {
        var reader = PythonLiteral(text)
        guard let value = reader.value() else { return nil }
        reader.skipSpace()
        return reader.position == reader.scalars.count ? value : nil
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func skipSpace() {
        while let scalar = current, scalar.properties.isWhitespace { position += 1 }
    }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        skipSpace()
        guard current == scalar else { return false }
        position += 1
        return true
    }

    private mutating func value() -> JSONValue? {
        depth += 1
        defer { depth -= 1 }
        skipSpace()
        guard depth <= Self.maximumDepth, let scalar = current else { return nil }
        switch scalar {
        case "[": return list(until: "]")
        case "(": return list(until: ")")
        case "{": return dictionary()
        case "'", "\"": return texts()
        default: return word()
        }
    }

    private mutating func list(until end: Unicode.Scalar) -> JSONValue? {
        position += 1
        var values: [JSONValue] = []
        while !skip(end) {
            guard let value = self.value() else { return nil }
            values.append(value)
            if !skip(",") { return skip(end) ? .array(values) : nil }
        }
        return .array(values)
    }

    private mutating func dictionary() -> JSONValue? {
        position += 1
        var members: [JSONValue.Member] = []
        while !skip("}") {
            guard let key = self.value(), skip(":"), let value = self.value() else { return nil }
            members.append(JSONValue.Member(key: key.bytes ?? Array(key.text().utf8), value: value))
            if !skip(",") { return skip("}") ? .members(members) : nil }
        }
        return .members(members)
    }

    /// Texts that follow each other are one.
    private mutating func texts() -> JSONValue? {
        var result = ""
        repeat {
            guard let text = self.text() else { return nil }
            result += text
            skipSpace()
        } while current == "'" || current == "\""
        return .string(result)
    }

    private mutating func text() -> String? {
        guard let quote = current else { return nil }
        position += 1
        var text = String.UnicodeScalarView()
        while let scalar = current {
            position += 1
            if scalar == quote { return String(text) }
            guard scalar == "\\" else {
                text.append(scalar)
                continue
            }
            guard let escaped = escape() else { return nil }
            text.append(contentsOf: escaped.unicodeScalars)
        }
        return nil
    }

    private static let escapes: [Unicode.Scalar: String] = [
        "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}",
        "b": "\u{8}", "f": "\u{C}", "v": "\u{B}", "\n": "",
    ]
    private static let digits: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]

    private mutating func escape() -> String? {
        guard let scalar = current else { return nil }
        position += 1
        guard let count = Self.digits[scalar] else {
            return Self.escapes[scalar] ?? "\\" + String(Character(scalar))
        }
        let code = String(String.UnicodeScalarView(scalars[position...].prefix(count)))
        position += count
        guard code.count == count else { return nil }
        return UInt32(code, radix: 16).flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }

    private mutating func word() -> JSONValue? {
        let start = position
        while let scalar = current,
            scalar.properties.isAlphabetic || "0123456789+-._".unicodeScalars.contains(scalar)
        {
            position += 1
        }
        let word = String(String.UnicodeScalarView(scalars[start..<position]))
        switch word {
        case "None": return .null
        case "True": return true
        case "False": return false
        default:
            let digits = word.replacing("_", with: "")
            if let integer = Int(digits) { return .integer(integer) }
            guard word.first.map({ !$0.isLetter }) ?? false else { return nil }
            return Double(digits).map(JSONValue.number)
        }
    }
}
