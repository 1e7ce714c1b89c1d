/// Cuts text into the pieces of a pattern, by hand, over well-formed UTF-8.
struct PreTokenizer {
    let pattern: Pattern
    private let classes: CodePointClasses

    init(_ pattern: Pattern = .gpt2) {
        self.pattern = pattern
        switch pattern {
        case .broad(let broad) where broad.endsWordsBeforeCapitals: classes = .cased
        case .digitsGPT2: classes = .digits
        default: classes = .shared
        }
    }

    /// The end of the piece that starts at `start`, which is below `end`.
    @inline(__always)
    func endOfPiece(_ text: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        guard case .gpt2 = pattern else { return endOfOtherPiece(text, from: start, to: end) }
        let first = text[start]
        if first == UInt8(ascii: " "), start + 1 < end {
            let (kind, length) = classAndLength(text + start + 1)
            if kind != CodePointClasses.whitespace {
                return endOfRun(of: kind, text, from: start + 1 + length, to: end)
            }
            return endOfWhitespace(text, from: start, to: end)
        }
        if first == UInt8(ascii: "'") {
            let length = contractionLength(text, from: start, to: end)
            if length > 0 { return start + length }
        }
        let (kind, length) = classAndLength(text + start)
        if kind == CodePointClasses.whitespace {
            return endOfWhitespace(text, from: start, to: end)
        }
        return endOfRun(of: kind, text, from: start + length, to: end)
    }

    @inline(__always)
    func classAndLength(_ text: UnsafePointer<UInt8>) -> (kind: UInt8, length: Int) {
        if text[0] < 0x80 { return (classes.ofASCII(text[0]), 1) }
        let (value, length) = text.codePoint
        return (classes.of(value), length)
    }

    @inline(__always)
    func endOfRun(
        of kind: UInt8, _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int {
        var offset = start
        while offset < end {
            let (next, length) = classAndLength(text + offset)
            if next != kind { break }
            offset += length
        }
        return offset
    }

    /// A run before more text leaves its last character to the next piece, unless it is the only
    /// one.
    func endOfWhitespace(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int {
        var offset = start
        var last = start
        while offset < end {
            let (kind, length) = classAndLength(text + offset)
            if kind != CodePointClasses.whitespace { return last > start ? last : offset }
            last = offset
            offset += length
        }
        return end
    }

    @inline(__always)
    func contractionLength(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int {
        guard start + 1 < end else { return 0 }
        switch text[start + 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return start + 2 < end && text[start + 2] == UInt8(ascii: "e") ? 3 : 0
        case UInt8(ascii: "l"):
            return start + 2 < end && text[start + 2] == UInt8(ascii: "l") ? 3 : 0
        default:
            return 0
        }
    }
}
