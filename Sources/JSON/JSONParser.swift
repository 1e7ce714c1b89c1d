import Diagnostics

/// A recursive-descent reader of RFC 8259 over bytes; the depth is bounded, so is the stack.
struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    let place: String
    private let maximumDepth: Int
    private let names: JSONNames
    /// Whether it takes what Python's json module takes beyond RFC 8259: NaN, Infinity, surrogates
    /// without a partner (as WTF-8), and a name that occurs again in an object.
    let isLenient: Bool
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
        isLenient: Bool = false, firstLine: Int? = nil
    ) {
        self.bytes = bytes
        self.place = place
        self.maximumDepth = maximumDepth
        self.names = names
        self.isLenient = isLenient
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
        case UInt8(ascii: "N") where isLenient: return try word("NaN", .number(.nan))
        case UInt8(ascii: "I") where isLenient: return try word("Infinity", .number(.infinity))
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
            guard isLenient || seen.insert(name) else {
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
    @discardableResult
    mutating func line() throws(Failure) -> JSONValue {
        try begin()
        skipSpace()
        let value = try value(depth: 0)
        try endLine()
        return value
    }

    /// The elements of an array that an object holds under a name, with the place of their first byte;
    /// nil where there is none.
    mutating func elements(under name: String) throws(Failure) -> [(value: JSONValue, offset: Int)]?
    {
        try begin()
        skipSpace()
        guard take("{") else { return nil }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure(expected: "a name") }
            let isIt = try string().elementsEqual(name.utf8)
            skipSpace()
            guard take(":") else { throw failure(expected: "a colon") }
            skipSpace()
            if isIt, take("[") { return try elements() }
            _ = try value(depth: 1)
            skipSpace()
        } while take(",")
        return nil
    }

    /// The elements of an array that has begun.
    private mutating func elements() throws(Failure) -> [(value: JSONValue, offset: Int)] {
        var elements: [(value: JSONValue, offset: Int)] = []
        skipSpace()
        if take("]") { return elements }
        repeat {
            skipSpace()
            let offset = position
            elements.append((try value(depth: 2), offset))
            skipSpace()
        } while take(",")
        guard take("]") else { throw failure(expected: "a comma or the end of the array") }
        return elements
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
        if take("-"), isLenient, current == UInt8(ascii: "I") {
            return try word("Infinity", .number(-.infinity))
        }
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
        guard let number = Double(text), number.isFinite || isLenient else {
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

// MARK: Bytes

extension JSONParser {
    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
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
