import Diagnostics

/// A value in the compact protocol of Thrift, in which Parquet describes itself.
indirect enum ThriftValue {
    case flag(Bool)
    case integer(Int)
    case bytes([UInt8])
    case list([ThriftValue])
    case fields([Int: ThriftValue])

    var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    var flag: Bool? { if case .flag(let value) = self { value } else { nil } }
    var list: [ThriftValue]? { if case .list(let values) = self { values } else { nil } }

    var text: String? {
        if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    /// The field of a structure.
    subscript(field: Int) -> ThriftValue? {
        if case .fields(let fields) = self { fields[field] } else { nil }
    }
}

/// Reads values of Thrift within bounds.
package struct ThriftParser {
    private let bytes: ArraySlice<UInt8>
    private let place: String
    private(set) var position: Int

    private static let maximumDepth = 32

    package init(_ bytes: ArraySlice<UInt8>, at place: String) {
        self.bytes = bytes
        self.place = place
        position = bytes.startIndex
    }

    mutating func structure(depth: Int = 0) throws -> ThriftValue {
        guard depth < Self.maximumDepth else { throw failure("deep nesting") }
        var (fields, last): ([Int: ThriftValue], Int) = ([:], 0)
        while true {
            let head = try byte()
            if head == 0 { return .fields(fields) }
            let step = Int(head >> 4)
            last = try step == 0 ? zigzag() : last &+ step
            fields[last] = try value(head & 0xF, depth: depth + 1)
        }
    }

    private mutating func value(_ type: UInt8, depth: Int, isElement: Bool = false) throws
        -> ThriftValue
    {
        switch type {
        case 1, 2: return .flag(try isElement ? byte() == 1 : type == 1)
        case 3: return .integer(Int(Int8(bitPattern: try byte())))
        case 4, 5, 6: return .integer(try zigzag())
        case 7: return .bytes(try take(8))
        case 8: return .bytes(try take(try count()))
        case 9, 10: return try list(depth: depth)
        case 11: return try map(depth: depth)
        case 12: return try structure(depth: depth)
        default: throw failure("an unknown type \(type)")
        }
    }

    private mutating func list(depth: Int) throws -> ThriftValue {
        guard depth < Self.maximumDepth else { throw failure("deep nesting") }
        let head = try byte()
        let size = try head >> 4 == 15 ? count() : Int(head >> 4)
        guard size <= bytes.endIndex - position else { throw failure("a list of \(size)") }
        var values: [ThriftValue] = []
        for _ in 0..<size {
            values.append(try value(head & 0xF, depth: depth + 1, isElement: true))
        }
        return .list(values)
    }

    private mutating func map(depth: Int) throws -> ThriftValue {
        let size = try count()
        guard size > 0 else { return .list([]) }
        guard size <= bytes.endIndex - position else { throw failure("a map of \(size)") }
        let types = try byte()
        for _ in 0..<size {
            _ = try value(types >> 4, depth: depth + 1, isElement: true)
            _ = try value(types & 0xF, depth: depth + 1, isElement: true)
        }
        return .list([])
    }

    private mutating func byte() throws -> UInt8 {
        guard position < bytes.endIndex else { throw failure("the end") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func take(_ count: Int) throws -> [UInt8] {
        guard count <= bytes.endIndex - position else { throw failure("the end") }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    private mutating func varint() throws -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while shift < 64 {
            let next = try byte()
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
        throw failure("a long number")
    }

    private mutating func count() throws -> Int {
        let value = try varint()
        guard value < 1 << 31 else { throw failure("a count of \(value)") }
        return Int(value)
    }

    private mutating func zigzag() throws -> Int {
        let value = try varint()
        return Int(Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1))
    }

    private func failure(_ got: String) -> Failure {
        Failure(
            "the Parquet file is not valid", expected: "a description in Thrift", got: got,
            at: place, remedy: "write it again")
    }
}
