import Diagnostics

/// A JSON document (RFC 8259) whose strings and numbers survive a round trip exactly.
///
/// Strings stay UTF-8 bytes: Swift's `String` compares by canonical equivalence, for which two
/// different tokens of a vocabulary (U+00C5 and U+212B) are one. Whole numbers that fit are kept as
/// integers and written as such; every other number is a double and is written as the shortest
/// decimal that reads back as the same double (1e-05, not 1.0000000000000001e-05).
package enum JSONValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    /// A string, as UTF-8.
    case bytes([UInt8])
    case array([JSONValue])
    /// An object, its members in the order of the file.
    case members([Member])

    package struct Member: Equatable, Sendable {
        package var key: [UInt8]
        package var value: JSONValue

        package init(key: [UInt8], value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    package static func string(_ string: String) -> JSONValue { .bytes(Array(string.utf8)) }

    /// An object whose members are sorted by the bytes of their names.
    package static func object(_ members: [String: JSONValue]) -> JSONValue {
        .members(members.map { Member(key: Array($0.key.utf8), value: $0.value) }).sorted
    }

    /// The shortest decimal of a Float as a double: 0.1 stays 0.1, not 0.10000000149011612.
    package static func float(_ value: Float) -> JSONValue {
        // The description of a finite Float is always a decimal that Double can read.
        .number(Double(value.description) ?? Double(value))
    }
}

// MARK: Reading

extension JSONValue {
    package var isNull: Bool { self == .null }

    package var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    package var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The value of either kind of number.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The first number that is not finite, which a document cannot hold, and the path to it, such as
    /// `tasks[0].acc`.
    package var nonFiniteNumber: (path: String, value: Double)? {
        switch self {
        case .number(let value): return value.isFinite ? nil : ("", value)
        case .array(let values):
            for (index, value) in values.enumerated() {
                guard let found = value.nonFiniteNumber else { continue }
                return ("[\(index)]" + Self.joined(found.path), found.value)
            }
        case .members(let members):
            for member in members {
                guard let found = member.value.nonFiniteNumber else { continue }
                let key = String(decoding: member.key, as: UTF8.self)
                return (key + Self.joined(found.path), found.value)
            }
        default: break
        }
        return nil
    }

    private static func joined(_ path: String) -> String {
        path.isEmpty || path.hasPrefix("[") ? path : "." + path
    }

    package var bytes: [UInt8]? {
        if case .bytes(let value) = self { value } else { nil }
    }

    package var string: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    package var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var members: [Member]? {
        if case .members(let members) = self { members } else { nil }
    }

    /// Members by name. Of names that are one `String`, which only a document read with
    /// `names: .bytes` can hold, the first counts.
    package var object: [String: JSONValue]? {
        members.map { members in
            Dictionary(
                members.map { (String(decoding: $0.key, as: UTF8.self), $0.value) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    /// The member of an object; nil for a missing member and for anything but an object.
    package subscript(key: String) -> JSONValue? {
        members?.first { $0.key.elementsEqual(key.utf8) }?.value
    }

    /// The value with its own members sorted by the bytes of their names where it is an object;
    /// else the value as it is.
    var sorted: JSONValue {
        guard case .members(let members) = self else { return self }
        return .members(members.sorted { $0.key.lexicographicallyPrecedes($1.key) })
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// Keeps the order of the members, unlike `object(_:)`.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .members(elements.map { Member(key: Array($0.0.utf8), value: $0.1) })
    }
}

extension JSONValue {
    /// Reads a whole document; white space may surround it, nothing else.
    ///
    /// Stricter than most readers, since what is read here decides what a file means: a name that
    /// occurs twice in an object is an error, and so is nesting deeper than `maximumDepth`.
    ///
    /// - Parameters:
    ///   - place: the file, for the error.
    ///   - names: when two names of an object are the same.
    package init(
        parsing bytes: UnsafeRawBufferPointer, at place: String, maximumDepth: Int = 64,
        names: JSONNames = .strings
    ) throws(Failure) {
        var parser = JSONParser(
            bytes: bytes, place: place, maximumDepth: maximumDepth, names: names)
        self = try parser.document()
    }

    package init(
        parsing bytes: [UInt8], at place: String, maximumDepth: Int = 64,
        names: JSONNames = .strings
    ) throws(Failure) {
        let result: Result<JSONValue, Failure> = bytes.withUnsafeBytes { buffer in
            Result { () throws(Failure) in
                try JSONValue(
                    parsing: buffer, at: place, maximumDepth: maximumDepth, names: names)
            }
        }
        self = try result.get()
    }
}

extension JSONValue {
    /// The document as text, members sorted by their code points.
    ///
    /// - Parameter isPretty: two spaces a level and a final newline, as Hugging Face writes
    ///   config.json; otherwise one line without spaces.
    /// - Precondition: every number is finite.
    package func text(isPretty: Bool = false) -> String {
        String(decoding: rendered(isPretty ? .configuration : .compact), as: UTF8.self)
    }

    /// The document as UTF-8, with null in place of a number that is not finite.
    package func rendered(_ style: JSONStyle) -> [UInt8] {
        var writer = JSONWriter(style)
        writer.write(self)
        return writer.bytes + (style.endsWithNewline ? [UInt8(ascii: "\n")] : [])
    }

    /// The text in quotes, escaped as RFC 8259 demands and no further.
    package static func quoted(_ string: String) -> String {
        JSONValue.string(string).text()
    }

    /// A short description for the reader of an error: the kind, and the value where it is short.
    package var summary: String {
        switch self {
        case .array(let values): "an array of \(values.count)"
        case .members(let members): "an object of \(members.count) members"
        default: String(text().prefix(80))
        }
    }
}
