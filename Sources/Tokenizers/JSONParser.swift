import Diagnostics

/// Reads one JSON document (RFC 8259), and refuses anything else with the offset of the fault.
struct JSONParser: ~Copyable {
    /// Deeper documents are refused, so that a hostile one cannot exhaust the stack.
    private static let maximumDepth = 64

    private let bytes: UnsafeBufferPointer<UInt8>
    private var offset = 0
    private var depth = 0

    /// - Parameter place: names the document in a `Failure`.
    static func parse(_ bytes: [UInt8], at place: String) throws -> JSONValue {
        try bytes.withUnsafeBufferPointer { buffer in
            if let fault = UTF8Text.firstMalformedOffset(in: buffer, from: 0) {
                throw Failure(
                    "cannot read JSON", expected: "UTF-8", got: "another byte at offset \(fault)",
                    at: place, remedy: "restore the file")
            }
            var parser = JSONParser(bytes: buffer)
            do {
                let value = try parser.value()
                parser.skipWhitespace()
                guard parser.offset == buffer.count else { throw Fault(expected: "the end") }
                return value
            } catch let fault as Fault {
                throw Failure(
                    "cannot read JSON", expected: fault.expected,
                    got: "something else at offset \(parser.offset)", at: place,
                    remedy: "restore the file")
            }
        }
    }

    private struct Fault: Error {
        var expected: String
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    private mutating func value() throws -> JSONValue {
        skipWhitespace()
        switch peek {
        case UInt8(ascii: "{"): return try nested { try $0.object() }
        case UInt8(ascii: "["): return try nested { try $0.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws -> JSONValue
    ) throws -> JSONValue {
        guard depth < Self.maximumDepth else {
            throw Fault(expected: "at most \(Self.maximumDepth) levels")
        }
        depth += 1
        defer { depth -= 1 }
        offset += 1
        return try body(&self)
    }

    private mutating func object() throws -> JSONValue {
        var members: [JSONValue.Member] = []
        var keys: Set<[UInt8]> = []
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipWhitespace()
            guard peek == UInt8(ascii: "\"") else { throw Fault(expected: "a key") }
            let key = try string()
            guard keys.insert(key).inserted else {
                throw Fault(expected: "each key once, not \(String(decoding: key, as: UTF8.self))")
            }
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw Fault(expected: "a colon") }
            members.append(.init(key: key, value: try value()))
            skipWhitespace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw Fault(expected: "a comma or }") }
        }
    }

    private mutating func array() throws -> JSONValue {
        var values: [JSONValue] = []
        skipWhitespace()
        if take(UInt8(ascii: "]")) { return .array([]) }
        while true {
            values.append(try value())
            skipWhitespace()
            if take(UInt8(ascii: "]")) { return .array(values) }
            guard take(UInt8(ascii: ",")) else { throw Fault(expected: "a comma or ]") }
        }
    }

    private mutating func string() throws -> [UInt8] {
        offset += 1
        var result: [UInt8] = []
        while let byte = peek {
            if byte == UInt8(ascii: "\"") {
                offset += 1
                return result
            }
            guard byte >= 0x20 else { throw Fault(expected: "no control character in a string") }
            offset += 1
            if byte == UInt8(ascii: "\\") {
                try appendEscape(to: &result)
            } else {
                result.append(byte)
            }
        }
        throw Fault(expected: "the end of a string")
    }

    private mutating func appendEscape(to result: inout [UInt8]) throws {
        guard let byte = peek else { throw Fault(expected: "an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"): result.append(contentsOf: String(try escapedScalar()).utf8)
        default: throw Fault(expected: "an escape")
        }
    }

    private mutating func escapedScalar() throws -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw Fault(expected: "a pair of surrogates")
        }
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw Fault(expected: "a pair of surrogates") }
        return scalar
    }

    private mutating func hexadecimal() throws -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw Fault(expected: "four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private mutating func number() throws -> JSONValue {
        let start = offset
        while let byte = peek, Self.numberBytes.contains(byte) { offset += 1 }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if let integer = Int(text), !text.hasPrefix("+") { return .integer(integer) }
        guard let first = text.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "."),
            let real = Double(text)
        else {
            offset = start
            throw Fault(expected: "a value")
        }
        return .real(real)
    }

    private static let numberBytes: Set<UInt8> = Set("+-.0123456789eE".utf8)

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws -> JSONValue {
        let end = offset + text.utf8CodeUnitCount
        guard end <= bytes.count,
            bytes[offset..<end].elementsEqual(
                UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        else { throw Fault(expected: "a value") }
        offset = end
        return value
    }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        offset += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            offset += 1
        }
    }
}
