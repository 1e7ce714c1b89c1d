import Diagnostics

/// A recursive-descent reader of RFC 8259 over bytes; the depth is bounded, so is the stack.
struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    let place: String
    private let maximumDepth: Int
    private let names: JSONNames
    /// The number of the first line; nil where failures name the byte instead of the line.
    let firstLine: Int?
    var position = 0
    /// Whether the place is inside the brackets of an array of records.
    private(set) var isArray = false
    /// The number of records begun so far.
    private(set) var recordCount = 0
    /// The offsets at which the last two of the records begun so far begin.
    private(set) var recordOffsets = (last: 0, current: 0)

    init(
        bytes: UnsafeRawBufferPointer, place: String, maximumDepth: Int, names: JSONNames,
        firstLine: Int? = nil
    ) {
        self.bytes = bytes
        self.place = place
        self.maximumDepth = maximumDepth
        self.names = names
        self.firstLine = firstLine
    }

    mutating func document() throws(Failure) -> JSONValue {
        try begin()
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else {
            throw failure(expected: "the end of the document")
        }
        return value
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: try deeper(depth))
        case UInt8(ascii: "["): return try array(depth: try deeper(depth))
        case UInt8(ascii: "\""): return .bytes(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private func deeper(_ depth: Int) throws(Failure) -> Int {
        guard depth < maximumDepth else {
            throw failure(expected: "at most \(maximumDepth) levels of nesting", got: "more")
        }
        return depth + 1
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        var seen = JSONNamesSeen(names)
        skipSpace()
        if take("}") { return .members(members) }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure(expected: "a name") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw failure(expected: "a colon") }
            members.append(.init(key: name, value: try value(depth: depth)))
            guard seen.insert(name) else {
                let text = String(decoding: name, as: UTF8.self)
                throw failure(expected: "every name once", got: "\"\(text)\" twice")
            }
            skipSpace()
        } while take(",")
        guard take("}") else { throw failure(expected: "a comma or the end of the object") }
        return .members(members)
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(values) }
        repeat {
            values.append(try value(depth: depth))
            skipSpace()
        } while take(",")
        guard take("]") else { throw failure(expected: "a comma or the end of the array") }
        return .array(values)
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(Failure) -> JSONValue {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count,
            (0..<count).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { throw failure(expected: "a value") }
        position += count
        return value
    }
}

// MARK: Records

extension JSONParser {
    /// The elements of an array, or values of which each ends its line; with the place of their first
    /// byte.
    mutating func records() throws(Failure) -> [(value: JSONValue, offset: Int)] {
        try begin()
        skipSpace()
        isArray = take("[")
        var records: [(value: JSONValue, offset: Int)] = []
        skipSpace()
        while let byte = current, !(isArray && byte == UInt8(ascii: "]")) {
            if isArray, !records.isEmpty { try separate() }
            let offset = position
            recordOffsets = (recordOffsets.current, offset)
            recordCount += 1
            records.append((try value(depth: isArray ? 1 : 0), offset))
            if !isArray { try endLine() }
            skipSpace()
        }
        if isArray, !take("]") { throw failure(expected: "a comma or the end of the array") }
        isArray = false
        skipSpace()
        guard current == nil else { throw failure(expected: "the end of the document") }
        return records
    }

    /// A value that is all of its line.
    mutating func line() throws(Failure) {
        try begin()
        _ = try value(depth: 0)
        try endLine()
    }

    private mutating func separate() throws(Failure) {
        guard take(",") else { throw failure(expected: "a comma or the end of the array") }
        skipSpace()
    }

    private mutating func endLine() throws(Failure) {
        while take(" ") || take("\t") || take("\r") {}
        guard current == nil || current == UInt8(ascii: "\n") else {
            throw failure(expected: "the end of the line")
        }
    }
}

// MARK: Numbers

extension JSONParser {
    private mutating func number() throws(Failure) -> JSONValue {
        let start = position
        _ = take("-")
        let wholeStart = position
        guard skipDigits() > 0 else { throw failure(expected: "a value") }
        guard position - wholeStart == 1 || bytes[wholeStart] != UInt8(ascii: "0") else {
            throw failure(expected: "a number without leading zeros")
        }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard skipDigits() > 0 else { throw failure(expected: "digits after the point") }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("-") { _ = take("+") }
            guard skipDigits() > 0 else { throw failure(expected: "digits of the exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            throw failure(expected: "a number within a double", got: String(text.prefix(40)))
        }
        return .number(number)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            position += 1
        }
        return position - start
    }
}

// MARK: Strings

extension JSONParser {
    private mutating func string() throws(Failure) -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            if byte < 0x20 { throw failure(expected: "no control characters in a string") }
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard String(validating: text, as: UTF8.self) != nil else {
                    throw failure(expected: "UTF-8", got: "other bytes")
                }
                return text
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
            default: text.append(byte)
            }
        }
        throw failure(expected: "the end of the string")
    }

    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        let byte = current
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try codePoint()
        default:
            position -= 1
            throw failure(expected: "a known escape")
        }
    }

    /// Four hexadecimal digits, or two such groups that form a surrogate pair.
    private mutating func codePoint() throws(Failure) -> Unicode.Scalar {
        let high = try codeUnit()
        if let scalar = Unicode.Scalar(UInt32(high)) { return scalar }
        guard UTF16.isLeadSurrogate(high), take("\\"), take("u") else {
            throw failure(expected: "a pair of surrogates")
        }
        let low = try codeUnit()
        let offset = (UInt32(high & 0x3FF) << 10) | UInt32(low & 0x3FF)
        guard UTF16.isTrailSurrogate(low), let scalar = Unicode.Scalar(0x1_0000 + offset) else {
            throw failure(expected: "a pair of surrogates")
        }
        return scalar
    }

    private mutating func codeUnit() throws(Failure) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current,
                let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { throw failure(expected: "four hexadecimal digits") }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }
}

// MARK: Bytes

extension JSONParser {
    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = current, Self.isSpace(byte) { position += 1 }
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
