import Diagnostics
import Glibc
import JSON

/// A JSON object of the common form, read without a tree of values for its text.
///
/// What is not of that form (escapes in names, names that come twice, anything that is no JSON) is left to
/// the parser of all JSON, which also words what is wrong.
package struct PlainRecord {
    package private(set) var text: [UInt8] = []
    package private(set) var metadata: [JSONValue.Member] = []
    private var hasText = false
    private var position = 0

    /// - Returns: nil for a record of another form.
    package init?(_ bytes: UnsafeRawBufferPointer, textField: [UInt8], at place: String) {
        guard take("{", in: bytes) else { return nil }
        repeat {
            skipSpace(bytes)
            guard let key = name(bytes), take(":", in: bytes) else { return nil }
            skipSpace(bytes)
            if key == textField, !hasText, position < bytes.count, bytes[position] == Self.quote {
                guard let text = string(bytes) else { return nil }
                (self.text, hasText) = (text, true)
            } else {
                guard let value = other(bytes, at: place), key != textField,
                    metadata.count < Self.maximumCount,
                    !metadata.contains(where: { $0.key == key })
                else { return nil }
                metadata.append(.init(key: key, value: value))
            }
        } while take(",", in: bytes)
        guard hasText, take("}", in: bytes) else { return nil }
        skipSpace(bytes)
        guard position == bytes.count else { return nil }
    }

    /// Names are compared with all others.
    private static let maximumCount = 64
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    private mutating func skipSpace(_ bytes: UnsafeRawBufferPointer) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ mark: Unicode.Scalar, in bytes: UnsafeRawBufferPointer) -> Bool {
        skipSpace(bytes)
        guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    /// A name without escapes.
    private mutating func name(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard position < bytes.count, bytes[position] == Self.quote,
            let end = bytes[(position + 1)...].firstIndex(of: Self.quote)
        else { return nil }
        let name = Array(bytes[(position + 1)..<end])
        position = end + 1
        let isPlain = name.allSatisfy { $0 >= 0x20 && $0 < 0x80 && $0 != Self.backslash }
        return isPlain ? name : nil
    }

    /// The value of another field.
    private mutating func other(_ bytes: UnsafeRawBufferPointer, at place: String) -> JSONValue? {
        let start = position
        var (depth, isInText) = (0, false)
        scan: while position < bytes.count {
            switch bytes[position] {
            case Self.backslash where isInText: position += 1
            case Self.quote: isInText.toggle()
            case _ where isInText: break
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { break scan }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: break scan
            default: break
            }
            position += 1
        }
        guard position < bytes.count, start < position else { return nil }
        let part = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        return try? JSONValue(parsing: part, at: place)
    }

    /// A text; whole stretches between escapes are copied.
    private mutating func string(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        position += 1
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count - position)
        var (start, isASCII) = (position, true)
        while position < bytes.count {
            let byte = bytes[position]
            if byte >= 0x80 { isASCII = false }
            guard byte == Self.quote || byte == Self.backslash || byte < 0x20 else {
                position += 1
                continue
            }
            guard byte >= 0x20 else { return nil }
            text.append(contentsOf: bytes[start..<position])
            position += 1
            if byte == Self.quote {
                return isASCII || String(validating: text, as: UTF8.self) != nil ? text : nil
            }
            guard appendEscape(bytes, to: &text) else { return nil }
            start = position
        }
        return nil
    }

    private mutating func appendEscape(
        _ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]
    ) -> Bool {
        guard position < bytes.count else { return false }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(0x0A)
        case Self.quote, Self.backslash, UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "u"):
            guard let scalar = escapedScalar(bytes) else { return false }
            text.append(contentsOf: String(scalar).utf8)
        default: return false
        }
        return true
    }

    private mutating func escapedScalar(_ bytes: UnsafeRawBufferPointer) -> Unicode.Scalar? {
        guard let unit = unit(bytes) else { return nil }
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, position + 1 < bytes.count, bytes[position] == Self.backslash,
            bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        position += 2
        guard let low = self.unit(bytes), (0xDC00...0xDFFF).contains(low) else { return nil }
        return Unicode.Scalar(0x1_0000 + ((unit & 0x3FF) << 10) + (low & 0x3FF))
    }

    /// Four hexadecimal digits.
    private mutating func unit(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        var unit: UInt32 = 0
        for index in position..<position + 4 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else {
                return nil
            }
            unit = unit << 4 | UInt32(digit)
        }
        position += 4
        return unit
    }
}
