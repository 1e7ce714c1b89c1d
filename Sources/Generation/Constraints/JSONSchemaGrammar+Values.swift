import Foundation
import JSON

/// Values of the types.
extension JSONSchemaGrammar {
    static let space = ByteGrammar.optional(.text(" "))
    static let comma = ByteGrammar.sequence([.text(","), space])

    static func string(minimum: Int, maximum: Int?) -> ByteGrammar {
        .sequence([
            .text("\""), .repeated(.jsonCharacter, minimum: minimum, maximum: maximum), .text("\""),
        ])
    }

    static func member(_ value: ByteGrammar, name: ByteGrammar? = nil) -> ByteGrammar {
        .sequence([name ?? string(minimum: 1, maximum: 40), .text(":"), space, value])
    }

    /// Elements with commas between them.
    static func list(
        _ element: ByteGrammar, minimum: Int, maximum: Int?, _ open: String, _ close: String
    ) -> ByteGrammar {
        let more = ByteGrammar.repeated(
            .sequence([comma, element]), minimum: max(0, minimum - 1),
            maximum: maximum.map { max(0, $0 - 1) })
        let some = ByteGrammar.sequence([element, more])
        let inner: ByteGrammar =
            maximum == 0 ? .empty : minimum == 0 ? .optional(some) : some
        return .sequence([.text(open), inner, .text(close)])
    }

    mutating func typed(_ schema: JSONValue, at place: String) throws -> ByteGrammar {
        let types = Self.types(schema).isEmpty ? implied(schema) : Self.types(schema)
        if types.isEmpty { return anything() }
        return .alternatives(try types.map { try value(of: $0, schema, at: place) })
    }

    /// The types that the keywords are about: what they do not speak of is left out.
    func implied(_ schema: JSONValue) -> [String] {
        let kinds = [
            ("object", ["properties", "required", "additionalProperties", "minProperties"]),
            ("array", ["items", "prefixItems", "minItems", "maxItems"]),
            ("string", ["minLength", "maxLength", "pattern", "format"]),
            (
                "number",
                ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
            ),
        ]
        return kinds.filter { $0.1.contains { schema[$0] != nil } }.map(\.0)
    }

    mutating func value(
        of type: String, _ schema: JSONValue, at place: String
    ) throws -> ByteGrammar {
        switch type {
        case "null": return .text("null")
        case "boolean": return .alternatives([.text("true"), .text("false")])
        case "string": return try string(schema, at: place)
        case "integer": return try integer(schema, at: place)
        case "number": return try number(schema, at: place)
        case "array": return try array(schema, at: place)
        case "object": return try object(schema, at: place)
        default: throw refusal("type", "a type of JSON, got \(type)", at: place)
        }
    }

    func count(_ keyword: String, _ schema: JSONValue, at place: String) throws -> Int? {
        guard let value = schema[keyword] else { return nil }
        let count = value.integer ?? value.double.flatMap { Int(exactly: $0) }
        guard let count, (0...100_000).contains(count) else {
            throw refusal(keyword, "a count of at most 100000", at: place)
        }
        return count
    }

    func string(_ schema: JSONValue, at place: String) throws -> ByteGrammar {
        let least = try count("minLength", schema, at: place)
        let most = try count("maxLength", schema, at: place)
        let content: ByteGrammar
        if let pattern = schema["pattern"]?.string {
            guard least == nil && most == nil && schema["format"] == nil else {
                throw refusal("pattern", "no length or format beside it", at: place)
            }
            content = try .jsonString(matching: pattern)
        } else if let format = schema["format"]?.string, let pattern = Self.formats[format] {
            guard least == nil && most == nil else {
                throw refusal("format", "no length beside it", at: place)
            }
            content = try .jsonString(matching: pattern)
        } else {
            if let format = schema["format"]?.string, !Self.freeFormats.contains(format) {
                throw refusal(
                    "format",
                    Self.formats.keys.sorted().joined(separator: ", "), at: place)
            }
            return Self.string(minimum: least ?? 0, maximum: most)
        }
        return .sequence([.text("\""), content, .text("\"")])
    }

    /// Formats that any text is of.
    static let freeFormats: Set<String> = ["text", "password", "binary", "byte"]

    static let formats: [String: String] = {
        let date =
            "(19|20)[0-9][0-9]-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
        let time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"
        let byte = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
        let host = "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z]([a-z0-9-]{0,20}[a-z0-9])?){1,3}"
        return [
            "date": "^\(date)$", "time": "^\(time)$", "date-time": "^\(date)T\(time)$",
            "duration": "^P([1-9][0-9]{0,2}D|T[1-9][0-9]{0,2}[HMS])$",
            "email": "^[a-z0-9]{1,16}@\(host)$", "hostname": "^\(host)$",
            "ipv4": "^\(byte)(\\.\(byte)){3}$", "ipv6": "^[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}$",
            "uuid": "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
            "uri": "^https?://\(host)(/[a-z0-9._-]{1,20}){0,5}$",
        ]
    }()

    func bound(
        _ keyword: String, _ schema: JSONValue, at place: String
    ) throws -> Double? {
        guard let value = schema[keyword] else { return nil }
        guard let number = value.double, abs(number) < 1e15 else {
            throw refusal(keyword, "a number within 10^15 of 0", at: place)
        }
        return number
    }

    func integer(_ schema: JSONValue, at place: String) throws -> ByteGrammar {
        let low = try [
            bound("minimum", schema, at: place).map { Int($0.rounded(.up)) },
            bound("exclusiveMinimum", schema, at: place).map { Int($0.rounded(.down)) + 1 },
        ].compactMap { $0 }.max()
        let high = try [
            bound("maximum", schema, at: place).map { Int($0.rounded(.down)) },
            bound("exclusiveMaximum", schema, at: place).map { Int($0.rounded(.up)) - 1 },
        ].compactMap { $0 }.min()
        guard let divisor = try bound("multipleOf", schema, at: place), divisor != 1 else {
            return .integers(low, high)
        }
        guard divisor >= 1, divisor == divisor.rounded() else {
            throw refusal("multipleOf", "a whole number", at: place)
        }
        return try multiples(of: Int(divisor), low, high, at: place)
    }

    /// Multiples within bounds one by one; without bounds, those of small numbers below 10^4 of them.
    func multiples(
        of divisor: Int, _ low: Int?, _ high: Int?, at place: String
    ) throws -> ByteGrammar {
        let first = low.map { Int((Double($0) / Double(divisor)).rounded(.up)) }
        let last = high.map { Int((Double($0) / Double(divisor)).rounded(.down)) }
        let from = first ?? last.map { min($0, 0) } ?? 0
        let to = min(last ?? max(from, 0) + 2000, from + 2000)
        guard from <= to else { return .nothing }
        return .alternatives((from...to).map { .text("\($0 * divisor)") })
    }

    func number(_ schema: JSONValue, at place: String) throws -> ByteGrammar {
        if schema["multipleOf"] != nil { return try integer(schema, at: place) }
        let (low, above) = (
            try bound("minimum", schema, at: place),
            try bound("exclusiveMinimum", schema, at: place)
        )
        let (high, below) = (
            try bound("maximum", schema, at: place),
            try bound("exclusiveMaximum", schema, at: place)
        )
        let (least, most) = (
            [low, above].compactMap { $0 }.max(), [high, below].compactMap { $0 }.min()
        )
        return .numbers(
            least, most, excludesLow: above != nil && above == least,
            excludesHigh: below != nil && below == most)
    }
}
