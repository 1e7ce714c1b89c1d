import Diagnostics

/// Well-formedness of UTF-8 (Unicode 16, table 3-7), and its repair.
enum UTF8Text {
    /// The UTF-8 bytes of U+FFFD.
    static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// Calls `body` with `utf8` itself where it is well-formed, else with a repaired copy.
    ///
    /// - Returns: the number of replaced parts.
    static func withWellFormed(
        _ utf8: UnsafeBufferPointer<UInt8>, malformed: MalformedText,
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws -> Int {
        guard let firstFault = firstMalformedOffset(in: utf8, from: 0) else {
            try body(utf8)
            return 0
        }
        if malformed == .refused {
            throw Failure(
                "cannot encode text that is not UTF-8",
                got: "byte 0x\(String(utf8[firstFault], radix: 16)) at offset \(firstFault)",
                remedy: "convert the text to UTF-8, or allow the replacement by U+FFFD")
        }
        let (repaired, count) = repaired(utf8)
        try repaired.withUnsafeBufferPointer(body)
        return count
    }

    /// A copy in which each maximal ill-formed part is U+FFFD, and the number of these.
    static func repaired(_ utf8: UnsafeBufferPointer<UInt8>) -> (bytes: [UInt8], count: Int) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count + 64)
        var count = 0
        var start = 0
        while let fault = firstMalformedOffset(in: utf8, from: start) {
            bytes.append(contentsOf: utf8[start..<fault])
            bytes.append(contentsOf: replacement)
            count += 1
            start = fault + length(in: utf8, at: fault).length
        }
        bytes.append(contentsOf: utf8[start...])
        return (bytes, count)
    }

    static func firstMalformedOffset(
        in utf8: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Int? {
        guard let base = utf8.baseAddress else { return nil }
        let end = utf8.count
        var offset = start
        while offset < end {
            if offset + 8 <= end {
                let word = UnsafeRawPointer(base + offset).loadUnaligned(as: UInt64.self)
                if word & 0x8080_8080_8080_8080 == 0 {
                    offset += 8
                    continue
                }
            }
            let (length, isWellFormed) = length(in: utf8, at: offset)
            guard isWellFormed else { return offset }
            offset += length
        }
        return nil
    }

    /// The length of the code point at `offset`, or of the maximal ill-formed part that lies there.
    static func length(
        in utf8: UnsafeBufferPointer<UInt8>, at offset: Int
    ) -> (length: Int, isWellFormed: Bool) {
        let lead = utf8[offset]
        if lead < 0x80 { return (1, true) }
        guard let expected = expectedLength(lead: lead) else { return (1, false) }
        var length = 1
        while length < expected {
            guard offset + length < utf8.count else { return (length, false) }
            let range = length == 1 ? secondByteRange(lead: lead) : 0x80...0xBF
            guard range.contains(utf8[offset + length]) else { return (length, false) }
            length += 1
        }
        return (length, true)
    }

    @inline(__always)
    private static func expectedLength(lead: UInt8) -> Int? {
        switch lead {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: nil
        }
    }

    /// Excludes overlong forms, surrogates and code points past U+10FFFF.
    @inline(__always)
    private static func secondByteRange(lead: UInt8) -> ClosedRange<UInt8> {
        switch lead {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
    }
}

extension UnsafePointer<UInt8> {
    /// The code point that starts here, and its length, in text known to be well-formed.
    @inline(__always)
    var codePoint: (value: UInt32, length: Int) {
        let lead = UInt32(self[0])
        if lead < 0x80 { return (lead, 1) }
        let second = UInt32(self[1]) & 0x3F
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
        let third = UInt32(self[2]) & 0x3F
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
        return ((lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(self[3]) & 0x3F, 4)
    }
}

/// The places where a text may be cut so that its parts have the same words, and the same ids, as
/// the whole.
package enum TextBoundary {
    /// The first offset from `start` on that lies between a printable ASCII character and a space
    /// or line feed; the end of the text where there is none.
    ///
    /// No piece of GPT-2's pattern holds white space after its first character, unless it is all
    /// white space.
    package static func next(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var offset = max(start, 1)
        while offset < text.count {
            let isSpace = text[offset] == 0x20 || text[offset] == 0x0A
            if isSpace && (0x21...0x7E).contains(text[offset - 1]) { return offset }
            offset += 1
        }
        return text.count
    }
}
