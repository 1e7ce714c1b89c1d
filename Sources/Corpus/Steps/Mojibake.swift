/// UTF-8 that was read as Windows-1252 and written as UTF-8 again, such as "â€™" for "’" and "Ã©" for "é".
package enum Mojibake {
    /// The bytes of the characters of Windows-1252 beyond Latin-1.
    private static let windows: [UInt32: UInt8] = [
        0x20AC: 0x80, 0x201A: 0x82, 0x192: 0x83, 0x201E: 0x84, 0x2026: 0x85, 0x2020: 0x86,
        0x2021: 0x87, 0x2C6: 0x88, 0x2030: 0x89, 0x160: 0x8A, 0x2039: 0x8B, 0x152: 0x8C,
        0x17D: 0x8E, 0x2018: 0x91, 0x2019: 0x92, 0x201C: 0x93, 0x201D: 0x94, 0x2022: 0x95,
        0x2013: 0x96, 0x2014: 0x97, 0x2DC: 0x98, 0x2122: 0x99, 0x161: 0x9A, 0x203A: 0x9B,
        0x153: 0x9C, 0x17E: 0x9E, 0x178: 0x9F,
    ]

    private static let characters = Dictionary(
        uniqueKeysWithValues: windows.map { ($0.value, $0.key) })

    /// Text in Windows-1252, of which Latin-1 is the part that is defined, in UTF-8.
    package static func fromWindows(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 9 / 8)
        for byte in bytes {
            if byte < 0x80 {
                text.append(byte)
                continue
            }
            let value = byte < 0xA0 ? characters[byte] ?? UInt32(byte) : UInt32(byte)
            text += Unicode.Scalar(value).map { Array(String($0).utf8) } ?? []
        }
        return text
    }

    /// The text with its mojibake put right, and how many places there were; nil where there are none.
    ///
    /// A place is a run of two to four characters whose bytes are one character of UTF-8 that is not itself
    /// a control character. Two of them must be there, or one of three bytes: a lone "Ã©" may be meant.
    package static func mended(_ text: [UInt8]) -> (text: [UInt8], count: Int)? {
        // Each place begins with one of the characters of U+00C2 to U+00F4, whose first byte is this.
        guard text.contains(0xC3) || text.contains(0xC2) else { return nil }
        var (kept, places, sure): ([UInt8], Int, Int) = ([], 0, 0)
        text.withUnsafeBufferPointer { text in
            var (position, start) = (0, 0)
            while position < text.count {
                let (value, length) = text.scalar(at: position)
                guard (0xC2...0xF4).contains(value), let found = place(text, at: position) else {
                    position += length
                    continue
                }
                kept += text[start..<position]
                kept += found.bytes
                places += 1
                if found.bytes.count > 2 { sure += 1 }
                position = found.end
                start = position
            }
            if places > 0 { kept += text[start...] }
        }
        return places > 1 || sure > 0 ? (kept, places) : nil
    }

    private static func place(_ text: UTF8Bytes, at start: Int) -> (bytes: [UInt8], end: Int)? {
        var (bytes, position): ([UInt8], Int) = ([], start)
        let first = text.scalar(at: start).value
        let count = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        while bytes.count < count, position < text.count {
            let (value, length) = text.scalar(at: position)
            guard let byte = value < 0x100 ? UInt8(value) : windows[value] else { return nil }
            guard bytes.isEmpty || byte & 0xC0 == 0x80 else { return nil }
            bytes.append(byte)
            position += length
        }
        guard bytes.count == count, let string = String(validating: bytes, as: UTF8.self),
            let scalar = string.unicodeScalars.first, scalar.value >= 0xA0
        else { return nil }
        return (bytes, position)
    }
}
