import Diagnostics

extension JSONParser {
    mutating func string() throws(Failure) -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        var isWhole = true
        while let byte = current {
            if byte < 0x20 { throw failure(expected: "no control characters in a string") }
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard !isWhole || String(validating: text, as: UTF8.self) != nil else {
                    throw failure(expected: "UTF-8", got: "other bytes")
                }
                return text
            case UInt8(ascii: "\\"): if try !takeEscape(into: &text) { isWhole = false }
            default: text.append(byte)
            }
        }
        throw failure(expected: "the end of the string")
    }

    /// - Returns: false for half of a pair of surrogates.
    private mutating func takeEscape(into text: inout [UInt8]) throws(Failure) -> Bool {
        let byte = current
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte ?? 0)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): return try takeCodePoint(into: &text)
        default:
            position -= 1
            throw failure(expected: "a known escape")
        }
        return true
    }

    /// Four hexadecimal digits, or two such groups that form a surrogate pair.
    private mutating func takeCodePoint(into text: inout [UInt8]) throws(Failure) -> Bool {
        let high = try codeUnit()
        if let scalar = Unicode.Scalar(UInt32(high)) {
            text.append(contentsOf: String(scalar).utf8)
            return true
        }
        let behind = position
        if UTF16.isLeadSurrogate(high), take("\\"), take("u") {
            let low = try codeUnit()
            let offset = (UInt32(high & 0x3FF) << 10) | UInt32(low & 0x3FF)
            if UTF16.isTrailSurrogate(low), let scalar = Unicode.Scalar(0x1_0000 + offset) {
                text.append(contentsOf: String(scalar).utf8)
                return true
            }
        }
        guard isLenient else { throw failure(expected: "a pair of surrogates") }
        position = behind
        text += [
            0xE0 | UInt8(high >> 12), 0x80 | UInt8(high >> 6 & 0x3F), 0x80 | UInt8(high & 0x3F),
        ]
        return false
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
