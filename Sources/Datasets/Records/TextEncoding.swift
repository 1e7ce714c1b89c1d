import Options

/// The encoding of a text file.
package enum TextEncoding: String, OptionChoice {
    case utf8 = "utf-8"
    /// UTF-16 with the mark of its byte order, as spreadsheets write it; without one the little-endian
    /// form.
    case utf16 = "utf-16"
    /// ISO 8859-1: a byte is a code point.
    case latin1 = "latin-1"
    /// Latin-1 with signs, such as curly quotes, in place of its second row of control characters.
    case windows1252 = "windows-1252"

    /// The bytes of the text in UTF-8; those of UTF-8 as they are.
    func utf8(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .utf8: bytes
        case .utf16: Self.utf16(bytes)
        case .latin1: Self.utf8(of: bytes) { UInt32($0) }
        case .windows1252:
            Self.utf8(of: bytes) {
                (0x80..<0xA0).contains($0) ? Self.signs[Int($0) - 0x80] : UInt32($0)
            }
        }
    }

    private static func utf8(of bytes: [UInt8], _ scalar: (UInt8) -> UInt32) -> [UInt8] {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(scalar(byte)) ?? "\u{FFFD}") }
        return Array(String(text).utf8)
    }

    /// Halves of pairs alone become U+FFFD.
    private static func utf16(_ bytes: [UInt8]) -> [UInt8] {
        let isBigEndian = bytes.starts(with: [0xFE, 0xFF])
        let hasMark = isBigEndian || bytes.starts(with: [0xFF, 0xFE])
        let units = stride(from: hasMark ? 2 : 0, to: bytes.count - 1, by: 2).map { place in
            let (first, second) = (UInt16(bytes[place]), UInt16(bytes[place + 1]))
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// The code points of the bytes 0x80 to 0x9F. Source: WHATWG, Encoding, index windows-1252.
    private static let signs: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039,
        0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
        0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ]
}
