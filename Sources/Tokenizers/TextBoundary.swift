/// Where a text may be cut so that its parts have the same words, and the same ids, as the whole.
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
