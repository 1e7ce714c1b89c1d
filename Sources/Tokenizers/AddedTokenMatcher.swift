/// Finds added tokens in text: leftmost, and the longest of those that start there.
struct AddedTokenMatcher: Sendable {
    typealias Match = (range: Range<Int>, token: Vocabulary.AddedToken)

    /// The tokens by their first byte, longest first.
    private let candidates: [[Vocabulary.AddedToken]]
    private let isFirstByte: [Bool]
    let isEmpty: Bool

    init(_ tokens: [Vocabulary.AddedToken]) {
        var candidates = [[Vocabulary.AddedToken]](repeating: [], count: 256)
        for token in tokens.sorted(by: { $0.content.count > $1.content.count }) {
            guard let first = token.content.first else { continue }
            candidates[Int(first)].append(token)
        }
        self.candidates = candidates
        isFirstByte = candidates.map { !$0.isEmpty }
        isEmpty = tokens.isEmpty
    }

    /// Calls `text` for each stretch between tokens, empty ones left out, and `token` for each
    /// token, in order.
    func split(
        _ utf8: UnsafeBufferPointer<UInt8>,
        text: (UnsafeBufferPointer<UInt8>) throws -> Void, token: (Int32) -> Void
    ) rethrows {
        var (start, offset) = (0, 0)
        while let match = firstMatch(in: utf8, from: offset) {
            offset = match.range.upperBound
            guard let range = match.token.range(of: match.range, in: utf8, behind: start) else {
                continue
            }
            if range.lowerBound > start {
                try text(UnsafeBufferPointer(rebasing: utf8[start..<range.lowerBound]))
            }
            token(match.token.id)
            start = range.upperBound
        }
        if start < utf8.count { try text(UnsafeBufferPointer(rebasing: utf8[start...])) }
    }

    private func firstMatch(in utf8: UnsafeBufferPointer<UInt8>, from start: Int) -> Match? {
        if isEmpty || start >= utf8.count { return nil }
        return isFirstByte.withUnsafeBufferPointer { isFirstByte in
            for offset in start..<utf8.count where isFirstByte[Int(utf8[offset])] {
                for candidate in candidates[Int(utf8[offset])] {
                    let end = offset + candidate.content.count
                    if end <= utf8.count, utf8[offset..<end].elementsEqual(candidate.content) {
                        return (offset..<end, candidate)
                    }
                }
            }
            return nil
        }
    }
}

extension Vocabulary.AddedToken {
    /// The range of the text that the token takes where its content stands at `range`; nil where it has
    /// to be a word of its own and is none.
    ///
    /// - Parameter start: the end of the token before.
    func range(
        of range: Range<Int>, in text: UnsafeBufferPointer<UInt8>, behind start: Int
    ) -> Range<Int>? {
        guard isSingleWord || takesSpaceBefore || takesSpaceBehind else { return range }
        if isSingleWord,
            Self.isWord(before: range.lowerBound, text) || Self.isWord(at: range.upperBound, text)
        {
            return nil
        }
        var (first, last) = (range.lowerBound, range.upperBound)
        while takesSpaceBefore, first > start,
            let length = Self.length(before: first, text, in: .whitespace)
        {
            first -= length
        }
        while takesSpaceBehind, let length = Self.length(at: last, text, in: .whitespace) {
            last += length
        }
        return max(first, min(start, range.upperBound))..<last
    }

    private static func isWord(at offset: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        length(at: offset, text, in: .rustWords) != nil
    }

    private static func isWord(before offset: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        length(before: offset, text, in: .rustWords) != nil
    }

    /// The length of the code point at an offset, where it belongs to a set.
    private static func length(
        at offset: Int, _ text: UnsafeBufferPointer<UInt8>, in set: CodePointSet
    ) -> Int? {
        guard offset < text.count, let base = text.baseAddress else { return nil }
        let (value, length) = (base + offset).codePoint
        return set.contains(value) ? length : nil
    }

    private static func length(
        before offset: Int, _ text: UnsafeBufferPointer<UInt8>, in set: CodePointSet
    ) -> Int? {
        guard offset > 0 else { return nil }
        var start = offset - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return length(at: start, text, in: set)
    }
}
