/// Values as text: as they are printed, as Python's `repr` has them, and as JSON.
extension JinjaValue {
    /// Python's `str`, which a template prints.
    var text: String {
        switch self {
        case .undefined: ""
        case .string(let text): text
        default: representation
        }
    }

    /// Python's `repr`.
    var representation: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "None"
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): "\(value)"
        case .float(let value): Self.text(of: value)
        case .string(let text): Self.quoted(text)
        case .list(let values): "[" + Self.joined(values.map(\.representation)) + "]"
        case .tuple(let values):
            "(" + Self.joined(values.map(\.representation)) + (values.count == 1 ? ",)" : ")")
        case .dictionary(let dictionary): Self.braces(dictionary)
        // Namespaces may hold each other.
        case .namespace: "<Namespace>"
        case .loop(let loop): "<LoopContext \(loop.index + 1)/\(loop.values.count)>"
        case .function(let function): "<function \(function.name)>"
        }
    }

    private static func joined(_ texts: [String]) -> String { texts.joined(separator: ", ") }

    private static func braces(_ dictionary: JinjaDictionary) -> String {
        let members = dictionary.members.map {
            $0.key.representation + ": " + $0.value.representation
        }
        return "{" + joined(members) + "}"
    }

    /// The shortest decimal, in Python's spelling.
    static func text(of value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        let text = value.description
        // Python writes exponents from 10^16 on, Swift from 2^53.
        guard abs(value) < 1e16, let split = text.firstIndex(of: "e"),
            let exponent = Int(text[text.index(after: split)...]), exponent > 0
        else { return text }
        return "\(Int(value)).0"
    }

    /// In single quotes, or in double ones where it holds single ones alone.
    private static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        var result = String(Character(quote))
        for scalar in scalars {
            switch scalar {
            case quote, "\\": result += "\\" + String(Character(scalar))
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.isPrintable {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += scalar.pythonEscape
                }
            }
        }
        return result + String(Character(quote))
    }
}

extension Unicode.Scalar {
    /// Whether Python's `str.isprintable` is true of it.
    fileprivate var isPrintable: Bool {
        if self == " " { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned: return false
        case .lineSeparator, .paragraphSeparator, .spaceSeparator: return false
        default: return true
        }
    }

    fileprivate var pythonEscape: String {
        let digits = String(value, radix: 16)
        let (letter, count) = value < 0x100 ? ("x", 2) : value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: count - digits.count) + digits
    }
}

/// Values as JSON, as Python's `json.dumps` writes them.
struct JinjaJSON {
    /// Spaces for each level on lines of their own; nil for one line.
    var indent: String?
    var itemSeparator: String
    var keySeparator = ": "
    var sortsKeys = false
    var escapesNonASCII = false

    init(indent: String? = nil) {
        self.indent = indent
        itemSeparator = indent == nil ? ", " : ","
    }

    /// - Throws: `Failure` for a value that JSON does not have.
    func text(_ value: JinjaValue, depth: Int = 0) throws -> String {
        switch value {
        case .none: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value): return "\(value)"
        case .float(let value): return Self.number(value)
        case .string(let text): return quoted(text)
        case .list(let values), .tuple(let values):
            let texts = try values.map { try text($0, depth: depth + 1) }
            return enclosed("[", texts, "]", depth)
        case .dictionary(let dictionary):
            var members = dictionary.members
            if sortsKeys {
                members.sort { $0.key.precedes($1.key) ?? false }
            }
            let texts = try members.map {
                try key($0.key) + keySeparator + text($0.value, depth: depth + 1)
            }
            return enclosed("{", texts, "}", depth)
        default:
            throw JinjaFailure.rendering(
                "Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private func enclosed(
        _ open: String, _ texts: [String], _ close: String, _ depth: Int
    ) -> String {
        guard let indent, !texts.isEmpty else {
            return open + texts.joined(separator: itemSeparator) + close
        }
        let inner = "\n" + String(repeating: indent, count: depth + 1)
        let outer = "\n" + String(repeating: indent, count: depth)
        return open + inner + texts.joined(separator: itemSeparator + inner) + outer + close
    }

    private func key(_ key: JinjaValue) throws -> String {
        switch key {
        case .string(let text): return quoted(text)
        case .none, .boolean, .integer, .float: return try "\"" + text(key) + "\""
        default:
            throw JinjaFailure.rendering("keys must be str, int, float, bool or None")
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return JinjaValue.text(of: value)
    }

    private static let escapes: [Unicode.Scalar: String] = [
        "\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u{8}": "\\b",
        "\u{C}": "\\f",
    ]

    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if let escape = Self.escapes[scalar] {
                result += escape
            } else if scalar.value < 0x20 || escapesNonASCII && scalar.value > 0x7E {
                for unit in UTF16.encode(scalar) ?? .init() {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
