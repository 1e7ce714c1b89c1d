/// The ways to cut text, by hand, over well-formed UTF-8.
extension PreTokenizer {
    enum Pattern: Equatable, Sendable {
        /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
        case gpt2
        /// The pieces of `gpt2` in the text between numbers; each digit is a piece.
        case digitsGPT2
        /// The family of cl100k.
        case broad(BroadPattern)
        /// Spaces and what follows up to the next space: exact for merges of which none joins a
        /// character to a space behind it.
        case words
        /// A cut before each space.
        case marked
        /// No cut.
        case whole
    }

    /// The end of the piece of another pattern than GPT-2's.
    func endOfOtherPiece(_ text: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        switch pattern {
        case .gpt2, .digitsGPT2: endOfDigitsPiece(text, from: start, to: end)
        case .broad(let broad): endOfBroadPiece(broad, text, from: start, to: end)
        case .words: endOfWord(text, from: start, to: end)
        case .marked: endOfMarkedPiece(text, from: start, to: end)
        case .whole: end
        }
    }

    private func endOfWord(_ text: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var offset = start
        while offset < end, let length = spaceLength(text, at: offset, to: end) { offset += length }
        while offset < end, spaceLength(text, at: offset, to: end) == nil { offset += 1 }
        return offset
    }

    private func endOfMarkedPiece(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int {
        var offset = start + 1
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

    private func endOfDigitsPiece(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int {
        if text[start] == UInt8(ascii: "'") {
            let length = contractionLength(text, from: start, to: end)
            if length > 0 { return start + length }
        }
        let (kind, length) = classAndLength(text + start)
        if kind == CodePointClasses.number { return start + length }
        guard kind == CodePointClasses.whitespace else {
            return endOfRun(of: kind, text, from: start + length, to: end)
        }
        if text[start] == 0x20, start + 1 < end {
            let (next, length) = classAndLength(text + start + 1)
            if next != CodePointClasses.whitespace, next != CodePointClasses.number {
                return endOfRun(of: next, text, from: start + 1 + length, to: end)
            }
        }
        // A number ends the text that the white space belongs to.
        let last = endOfRun(of: kind, text, from: start, to: end)
        if last < end, classAndLength(text + last).kind == CodePointClasses.number { return last }
        return endOfWhitespace(text, from: start, to: end)
    }
}

/// One pattern of the family of cl100k: words with one mark before them, short numbers, signs with
/// the line breaks behind them, line breaks, and white space.
///
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|`
/// ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
struct BroadPattern: Equatable, Sendable {
    /// Where `'s` and the like are pieces or ends of them.
    enum Contractions: Sendable { case pieces, ends, none }

    var contractions = Contractions.pieces
    /// The most digits of a piece.
    var digits = 3
    /// Whether a word is capitals and then small letters: one ends before a capital letter.
    var endsWordsBeforeCapitals = false
    /// Whether slashes go with the line breaks behind signs.
    var takesSlashes = false
    /// Whether white space up to the end of the text is one piece.
    var takesLastSpace = false

    static let llama3 = BroadPattern()
    static let qwen2 = BroadPattern(digits: 1)
    static let cl100k = BroadPattern(takesLastSpace: true)
    static let tekken = BroadPattern(
        contractions: .none, digits: 1, endsWordsBeforeCapitals: true, takesSlashes: true)
    static let o200k = BroadPattern(
        contractions: .ends, endsWordsBeforeCapitals: true, takesSlashes: true)
}

extension PreTokenizer {
    private func endOfBroadPiece(
        _ pattern: BroadPattern, _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int {
        if text[start] == UInt8(ascii: "'"), pattern.contractions == .pieces {
            let length = anyCaseContractionLength(text, from: start, to: end)
            if length > 0 { return start + length }
        }
        let (kind, length) = classAndLength(text + start)
        let next = start + length
        if kind == CodePointClasses.number {
            return endOfNumber(text, from: start, to: end, count: pattern.digits)
        }
        if let last = endOfWord(pattern, kind, text, from: start, next, to: end) { return last }
        let isSpaced = text[start] == 0x20 && next < end && isSign(classAndLength(text + next).kind)
        if isSign(kind) || isSpaced {
            var offset = endOfSigns(text, from: next, to: end)
            while offset < end, isBreak(text[offset], pattern) { offset += 1 }
            return offset
        }
        return endOfBroadSpace(pattern, text, from: start, to: end)
    }

    /// The end of the word that starts here, with one mark before it; nil where there is none.
    @inline(__always)
    private func endOfWord(
        _ pattern: BroadPattern, _ kind: UInt8, _ text: UnsafePointer<UInt8>, from start: Int,
        _ next: Int, to end: Int
    ) -> Int? {
        guard !pattern.endsWordsBeforeCapitals else {
            guard let last = endOfCasedWord(kind, text, from: start, next, to: end) else {
                return nil
            }
            guard pattern.contractions == .ends, last < end, text[last] == UInt8(ascii: "'") else {
                return last
            }
            return last + anyCaseContractionLength(text, from: last, to: end)
        }
        let letter = CodePointClasses.letter
        if kind == letter { return endOfRun(of: letter, text, from: next, to: end) }
        guard next < end, !isLineBreak(text[start]), classAndLength(text + next).kind == letter
        else { return nil }
        return endOfRun(of: letter, text, from: next, to: end)
    }

    @inline(__always)
    private func isSign(_ kind: UInt8) -> Bool {
        kind == CodePointClasses.other || kind == CodePointClasses.mark
    }

    @inline(__always)
    private func endOfSigns(_ text: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var offset = start
        while offset < end {
            let (kind, length) = classAndLength(text + offset)
            if !isSign(kind) { break }
            offset += length
        }
        return offset
    }

    @inline(__always)
    private func isBreak(_ byte: UInt8, _ pattern: BroadPattern) -> Bool {
        isLineBreak(byte) || pattern.takesSlashes && byte == UInt8(ascii: "/")
    }

    @inline(__always)
    private func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private func endOfNumber(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int, count: Int
    ) -> Int {
        var offset = start
        for _ in 0..<count where offset < end {
            let (kind, length) = classAndLength(text + offset)
            if kind != CodePointClasses.number { break }
            offset += length
        }
        return offset
    }

    /// White space up to its last line break, else up to the character before the next piece.
    private func endOfBroadSpace(
        _ pattern: BroadPattern, _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> Int {
        var (offset, last) = (start, Int?.none)
        while offset < end {
            let (kind, length) = classAndLength(text + offset)
            if kind != CodePointClasses.whitespace { break }
            if isLineBreak(text[offset]) { last = offset + 1 }
            offset += length
        }
        if pattern.takesLastSpace, offset == end { return end }
        return last ?? endOfWhitespace(text, from: start, to: end)
    }

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

/// `[^\r\n\p{L}\p{N}]?U*W+` else `[^\r\n\p{L}\p{N}]?U+W*`, where U are capitals, W small letters,
/// and letters without case and marks are both.
extension PreTokenizer {
    private func endOfCasedWord(
        _ kind: UInt8, _ text: UnsafePointer<UInt8>, from start: Int, _ next: Int, to end: Int
    ) -> Int? {
        let isWord = kind == CodePointClasses.letter || kind >= CodePointClasses.upper
        let isMark = kind == CodePointClasses.mark
        let first = isWord && !isMark ? start : next
        guard isWord || !isLineBreak(text[start]) else { return nil }
        let (capitals, lastShared) = endOfCapitals(text, from: first, to: end)
        let last = endOfSmall(text, from: capitals, to: end)
        if last > capitals { return last }
        if let lastShared { return lastShared }
        // A mark that was taken as the one before the word is the word.
        if isMark { return next }
        return capitals > first ? capitals : nil
    }

    /// The end of a run of U, and the end of the last letter in it that is W too.
    private func endOfCapitals(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int
    ) -> (Int, Int?) {
        var (offset, shared) = (start, Int?.none)
        while offset < end {
            let (kind, length) = classAndLength(text + offset)
            let isShared = kind == CodePointClasses.letter || kind == CodePointClasses.mark
            guard isShared || kind == CodePointClasses.upper else { break }
            offset += length
            if isShared { shared = offset }
        }
        return (offset, shared)
    }

    /// The end of a run of W.
    private func endOfSmall(_ text: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
        var offset = start
        while offset < end {
            let (kind, length) = classAndLength(text + offset)
            let isSmall = kind == CodePointClasses.letter || kind >= CodePointClasses.lower
            guard isSmall else { break }
            offset += length
        }
        return offset
    }
}
