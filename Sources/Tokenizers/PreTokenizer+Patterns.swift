/// The ways to cut text, by hand, over well-formed UTF-8.
extension PreTokenizer {
    enum Pattern: Sendable {
        /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
        case gpt2
        /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|`
        /// ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
        case llama3
        /// Spaces and what follows up to the next space: exact for merges of which none joins a
        /// character to a space behind it.
        case words
        /// No cut.
        case whole
    }

    /// Llama 3's pattern as the `tokenizers` library spells it.
    static let llama3Expression =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"#
        + #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// The end of the piece of another pattern than GPT-2's.
    func endOfOtherPiece(_ text: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        switch pattern {
        case .gpt2, .llama3: endOfLlama3Piece(text, from: start, to: end)
        case .words: endOfWord(text, from: start, to: end)
        case .whole: end
        }
    }

    private func endOfWord(_ text: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var offset = start
        while offset < end, let length = spaceLength(text, at: offset, to: end) { offset += length }
        while offset < end, spaceLength(text, at: offset, to: end) == nil { offset += 1 }
        return offset
    }

    /// U+2581 is read as a space, since it is written as one.
    @inline(__always)
    private func spaceLength(_ text: UnsafePointer<UInt8>, at offset: Int, to end: Int) -> Int? {
        if text[offset] == 0x20 { return 1 }
        let isMark =
            text[offset] == 0xE2 && offset + 2 < end && text[offset + 1] == 0x96
            && text[offset + 2] == 0x81
        return isMark ? 3 : nil
    }

    private func endOfLlama3Piece(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int {
        if text[start] == UInt8(ascii: "'") {
            let length = anyCaseContractionLength(text, from: start, to: end)
            if length > 0 { return start + length }
        }
        let (kind, length) = classAndLength(text + start)
        let next = start + length
        if kind == CodePointClasses.letter {
            return endOfRun(of: kind, text, from: next, to: end)
        }
        if kind == CodePointClasses.number { return endOfNumber(text, from: start, to: end) }
        let nextKind = next < end ? classAndLength(text + next).kind : nil
        if nextKind == CodePointClasses.letter, !isLineBreak(text[start]) {
            return endOfRun(of: CodePointClasses.letter, text, from: next, to: end)
        }
        let isSpaced = text[start] == 0x20 && nextKind == CodePointClasses.other
        if kind == CodePointClasses.other || isSpaced {
            var offset = endOfRun(of: CodePointClasses.other, text, from: next, to: end)
            while offset < end, isLineBreak(text[offset]) { offset += 1 }
            return offset
        }
        return endAfterLineBreaks(text, from: start, to: end)
            ?? endOfWhitespace(text, from: start, to: end)
    }

    /// The end of the number at `start`, of at most three digits.
    private func endOfNumber(_ text: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var offset = start
        for _ in 0..<3 where offset < end {
            let (kind, length) = classAndLength(text + offset)
            if kind != CodePointClasses.number { break }
            offset += length
        }
        return offset
    }

    /// White space up to its last line break; nil where it has none.
    private func endAfterLineBreaks(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int? {
        var (offset, last) = (start, Int?.none)
        while offset < end {
            let (kind, length) = classAndLength(text + offset)
            if kind != CodePointClasses.whitespace { break }
            if isLineBreak(text[offset]) { last = offset + 1 }
            offset += length
        }
        return last
    }

    @inline(__always)
    private func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    /// U+017F, the long s, is an s where case does not matter.
    private func anyCaseContractionLength(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int {
        guard start + 1 < end else { return 0 }
        if text[start + 1] == 0xC5, start + 2 < end, text[start + 2] == 0xBF { return 3 }
        let second = start + 2 < end ? text[start + 2] | 0x20 : 0
        switch text[start + 1] | 0x20 {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"): return second == UInt8(ascii: "e") ? 3 : 0
        case UInt8(ascii: "l"): return second == UInt8(ascii: "l") ? 3 : 0
        default: return 0
        }
    }
}
