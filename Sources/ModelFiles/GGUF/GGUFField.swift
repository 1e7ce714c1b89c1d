import Diagnostics

/// A value of the metadata of a GGUF file that is read; the widths of numbers are forgotten.
package enum GGUFField: Equatable, Sendable {
    case integer(Int)
    case number(Float)
    case boolean(Bool)
    /// UTF-8.
    case text([UInt8])
    case integers([Int])
    case numbers([Float])
    case texts([[UInt8]])

    /// What it is, for an error.
    var summary: String {
        switch self {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .boolean(let value): "\(value)"
        case .text(let text): String(decoding: text.prefix(80), as: UTF8.self).debugDescription
        case .integers(let values): "\(values.count) integers"
        case .numbers(let values): "\(values.count) numbers"
        case .texts(let values): "\(values.count) texts"
        }
    }
}

/// The kinds of values, by code.
private enum GGUFKind: UInt32 {
    case uint8 = 0
    case int8, uint16, int16, uint32, int32, float32, boolean, text, array, uint64, int64, float64

    /// The fewest bytes that a value takes.
    var size: Int {
        switch self {
        case .uint8, .int8, .boolean: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .text, .uint64, .int64, .float64: 8
        case .array: 12
        }
    }
}

extension GGUFInput {
    /// Reads the code of a kind, and a value of that kind.
    mutating func field(_ key: String) throws(Failure) -> GGUFField {
        switch try kind(key) {
        case .array: try array(key)
        case .text: .text(try text(key))
        case .float32: .number(try number(.float32, key))
        case .float64: .number(try number(.float64, key))
        case .boolean: .boolean(try integer(UInt8.self, key) != 0)
        case let kind: .integer(try whole(kind, key))
        }
    }

    private mutating func kind(_ key: String) throws(Failure) -> GGUFKind {
        let code = try integer(UInt32.self, "the kind of \(key)")
        guard let kind = GGUFKind(rawValue: code) else {
            throw failure("a kind of 0 to 12 for \(key)", "\(code)")
        }
        return kind
    }

    private mutating func array(_ key: String) throws(Failure) -> GGUFField {
        let kind = try kind(key)
        let count = try count("values of \(key)", ofSize: kind.size)
        switch kind {
        case .array: throw failure("no array of arrays as \(key)", "one")
        case .text:
            var texts: [[UInt8]] = []
            for _ in 0..<count { texts.append(try text(key)) }
            return .texts(texts)
        case .float32, .float64:
            var numbers: [Float] = []
            for _ in 0..<count { numbers.append(try number(kind, key)) }
            return .numbers(numbers)
        default:
            var integers: [Int] = []
            for _ in 0..<count { integers.append(try whole(kind, key)) }
            return .integers(integers)
        }
    }

    private mutating func number(_ kind: GGUFKind, _ key: String) throws(Failure) -> Float {
        kind == .float32
            ? Float(bitPattern: try integer(UInt32.self, key))
            : Float(Double(bitPattern: try integer(UInt64.self, key)))
    }

    private mutating func whole(_ kind: GGUFKind, _ key: String) throws(Failure) -> Int {
        switch kind {
        case .uint8, .boolean: return Int(try integer(UInt8.self, key))
        case .int8: return Int(try integer(Int8.self, key))
        case .uint16: return Int(try integer(UInt16.self, key))
        case .int16: return Int(try integer(Int16.self, key))
        case .uint32: return Int(try integer(UInt32.self, key))
        case .int32: return Int(try integer(Int32.self, key))
        case .int64: return Int(try integer(Int64.self, key))
        default:
            let value = try integer(UInt64.self, key)
            guard let whole = Int(exactly: value) else {
                throw failure("an integer below 2^63 as \(key)", "\(value)")
            }
            return whole
        }
    }
}
