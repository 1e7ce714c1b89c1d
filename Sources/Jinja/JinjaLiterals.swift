/// Reads a number of the source of a template.
struct JinjaNumber {
    private let source: ArraySlice<Unicode.Scalar>
    private(set) var position: Int

    init(_ source: ArraySlice<Unicode.Scalar>) {
        self.source = source
        position = source.startIndex
    }

    /// nil for an integer that is too large.
    mutating func token() -> JinjaToken.Kind? {
        let radixes: [(Unicode.Scalar, Int)] = [("x", 16), ("o", 8), ("b", 2)]
        for (prefix, radix) in radixes {
            if let digits = prefixed(prefix, radix: radix) {
                return Int(digits, radix: radix).map { .integer($0) }
            }
        }
        var text = digits()
        var isFloat = false
        if next("."), isDigit(at: position + 1) {
            position += 1
            text += "." + digits()
            isFloat = true
        }
        if let exponent = exponent() {
            text += exponent
            isFloat = true
        }
        return isFloat ? Double(text).map { .float($0) } : Int(text).map { .integer($0) }
    }

    private func next(_ scalar: Unicode.Scalar, at place: Int? = nil) -> Bool {
        let place = place ?? position
        return place < source.endIndex && source[place] == scalar
    }

    private func isDigit(at place: Int) -> Bool {
        place < source.endIndex && source[place].isJinjaDigit
    }

    private mutating func digits(radix: Int = 10) -> String {
        var text = ""
        while position < source.endIndex {
            let scalar = source[position]
            if scalar != "_" {
                guard Int(String(Character(scalar)), radix: radix) != nil else { break }
                text.unicodeScalars.append(scalar)
            }
            position += 1
        }
        return text
    }

    private mutating func prefixed(_ letter: Unicode.Scalar, radix: Int) -> String? {
        let upper = letter.properties.uppercaseMapping.unicodeScalars.first ?? letter
        guard next("0"), next(letter, at: position + 1) || next(upper, at: position + 1) else {
            return nil
        }
        position += 2
        return digits(radix: radix)
    }

    private func isSign(at place: Int) -> Bool { next("+", at: place) || next("-", at: place) }

    private mutating func exponent() -> String? {
        guard next("e") || next("E") else { return nil }
        let sign = isSign(at: position + 1)
        guard isDigit(at: position + (sign ? 2 : 1)) else { return nil }
        let isNegative = next("-", at: position + 1)
        position += sign ? 2 : 1
        return "e" + (isNegative ? "-" : "") + digits()
    }
}

/// Reads a string of the source of a template, with the escapes of Python.
struct JinjaQuote {
    private let source: ArraySlice<Unicode.Scalar>
    private(set) var position: Int

    init(_ source: ArraySlice<Unicode.Scalar>) {
        self.source = source
        position = source.startIndex
    }

    /// The text up to the quote; nil where it does not end, and for an escape by a character's name.
    mutating func text(until quote: Unicode.Scalar) -> String? {
        var text = String.UnicodeScalarView()
        while position < source.endIndex {
            let scalar = source[position]
            position += 1
            if scalar == quote { return String(text) }
            guard scalar == "\\" else {
                text.append(scalar)
                continue
            }
            guard position < source.endIndex, let escaped = escape() else { return nil }
            text.append(contentsOf: escaped.unicodeScalars)
        }
        return nil
    }

    private static let simple: [Unicode.Scalar: String] = [
        "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "\n": "",
        "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "v": "\u{B}",
    ]
    private static let lengths: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]

    private mutating func escape() -> String? {
        let scalar = source[position]
        position += 1
        if let text = Self.simple[scalar] { return text }
        if let length = Self.lengths[scalar] { return character(digits: length, radix: 16) }
        if ("0"..."7").contains(scalar) {
            position -= 1
            let count = source[position...].prefix(3).prefix { ("0"..."7").contains($0) }.count
            return character(digits: count, radix: 8)
        }
        return scalar == "N" ? nil : "\\" + String(Character(scalar))
    }

    private mutating func character(digits count: Int, radix: Int) -> String? {
        let digits = source[position...].prefix(count)
        let text = String(String.UnicodeScalarView(digits))
        guard digits.count == count, let value = UInt32(text, radix: radix),
            let scalar = Unicode.Scalar(value)
        else { return nil }
        position += count
        return String(Character(scalar))
    }
}
