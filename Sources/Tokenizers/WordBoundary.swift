/// The places where a text may be cut so that its parts have the same words, and the same ids, as
/// the whole.
package enum WordBoundary {
    /// The first offset from `start` on that lies between a character that is no white space and a space
    /// or line feed; nil where there is none.
    ///
    /// No piece of GPT-2's pattern holds white space after its first character, unless it is all
    /// white space.
    ///
    /// - Parameter joinsLines: whether pieces may hold line feeds behind signs: then none ends before one.
    package static func next(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, joinsLines: Bool = false
    ) -> Int? {
        var offset = max(start, 1)
        while offset < text.count {
            let isSpace = text[offset] == 0x20 || !joinsLines && text[offset] == 0x0A
            if isSpace && isInk(before: offset, in: text) { return offset }
            offset += 1
        }
        return nil
    }

    /// Whether a printable ASCII character ends before the offset, or one of three or four bytes that is
    /// certainly no white space: of that, only U+3000 begins with 0xE3 or more.
    private static func isInk(before offset: Int, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        let last = text[offset - 1]
        guard last >= 0x80 else { return (0x21...0x7E).contains(last) }
        var first = offset - 1
        while first > 0, offset - first < 4, text[first] & 0xC0 == 0x80 { first -= 1 }
        return text[first] >= 0xE3 && !text[first..<offset].elementsEqual([0xE3, 0x80, 0x80])
    }
}
