import Diagnostics

/// The fields of one message.
struct ProtocolBuffer {
    enum Value {
        case integer(UInt64)
        case float(Float)
        case bytes([UInt8])
        /// Eight bytes, of which nothing here is needed.
        case other
    }

    private(set) var fields: [(number: UInt64, value: Value)] = []

    init(_ bytes: [UInt8], at place: String) throws {
        var input = ByteInput(bytes, at: place)
        while !input.isAtEnd {
            let tag = try input.varint("a field")
            switch tag & 7 {
            case 0: fields.append((tag >> 3, .integer(try input.varint("an integer"))))
            case 1:
                _ = try input.bytes(8, "a number")
                fields.append((tag >> 3, .other))
            case 2:
                let count = Int(exactly: try input.varint("a length")) ?? .max
                fields.append((tag >> 3, .bytes(try input.bytes(count, "a field"))))
            case 5:
                let bits = UInt32(bitPattern: try input.int32("a number"))
                fields.append((tag >> 3, .float(Float(bitPattern: bits))))
            default: throw Vocabulary.failure("a protocol buffer", "wire type \(tag & 7)", place)
            }
        }
    }

    func integer(_ number: UInt64) -> UInt64? {
        guard case .integer(let value)? = last(number) else { return nil }
        return value
    }

    func float(_ number: UInt64) -> Float? {
        guard case .float(let value)? = last(number) else { return nil }
        return value
    }

    func bytes(_ number: UInt64) -> [UInt8]? {
        guard case .bytes(let value)? = last(number) else { return nil }
        return value
    }

    /// The last value of a field, which counts where a field occurs twice; nil where there is none.
    private func last(_ number: UInt64) -> Value? { fields.last { $0.number == number }?.value }
}
