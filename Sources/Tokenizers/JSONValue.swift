/// A JSON document whose strings stay UTF-8 bytes.
///
/// Swift's `String` compares by canonical equivalence, for which two different tokens of a
/// vocabulary (U+00C5 and U+212B) are one key; a tokenizer has to tell them apart.
indirect enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A number that is no integer of 64 bits.
    case real(Double)
    case string([UInt8])
    case array([JSONValue])
    /// Members in the order of the file; a repeated key is refused by the parser.
    case object([Member])

    struct Member: Equatable {
        var key: [UInt8]
        var value: JSONValue
    }

    /// The member of an object; nil where it is missing or where this is no object.
    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.elementsEqual(key.utf8) }?.value
    }

    var isNull: Bool { self == .null }

    var integer: Int? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    var bytes: [UInt8]? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    var string: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    var array: [JSONValue]? {
        guard case .array(let values) = self else { return nil }
        return values
    }

    var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }
}
