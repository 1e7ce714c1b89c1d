/// A JSON document (RFC 8259) whose numbers survive a round trip exactly.
///
/// Whole numbers that fit are kept as integers and written as such; every other number is a double
/// and is written as the shortest decimal that reads back as the same double (1e-05, not
/// 1.0000000000000001e-05). Members have no order: they are written sorted, so that equal documents
/// are equal bytes.
package enum JSONValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

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

    package var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var object: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The member of an object; nil for a missing member and for anything but an object.
    package subscript(key: String) -> JSONValue? { object?[key] }

    /// The shortest decimal of a Float as a double: 0.1 stays 0.1, not 0.10000000149011612.
    package static func float(_ value: Float) -> JSONValue {
        // The description of a finite Float is always a decimal that Double can read.
        .number(Double(value.description) ?? Double(value))
    }

    /// What a reader of an error wants to see: the kind, and the value where it is short.
    package var summary: String {
        switch self {
        case .array(let values): "an array of \(values.count)"
        case .object(let members): "an object of \(members.count) members"
        default: String(text(isPretty: false).prefix(80))
        }
    }
}
