import Diagnostics

/// One step of a pre-tokenizer, which cuts a stretch of text or puts a space before it.
enum PiecePart: Sendable {
    /// Where a step puts a space, or the mark of one, before a text that has none there.
    enum PrefixScheme: Sendable {
        /// Before the whole text.
        case first
        /// Before every stretch between added tokens.
        case always
    }

    /// Cuts at the matches of a pattern.
    case split(Expression, SplitBehavior, isInverted: Bool)
    /// Cuts at the code points of a set.
    case codePoints(CodePointSet, SplitBehavior)
    /// Cuts into the pieces of a pattern that is scanned by hand, to which all text belongs.
    case scan(PreTokenizer.Pattern)
    /// Writes the mark for each space.
    case markSpaces([UInt8])
    /// Puts a text before a stretch that does not begin with it.
    case prefix([UInt8], PrefixScheme)

    /// Where a stretch lies.
    struct Place {
        /// Whether it begins the text.
        var isTextStart: Bool
        /// Whether it goes on from other text, so that nothing is put before it.
        var isJoined: Bool

        func part(at offset: Int) -> Place {
            Place(isTextStart: isTextStart && offset == 0, isJoined: isJoined && offset == 0)
        }
    }

    typealias Text = UnsafeBufferPointer<UInt8>

    /// Calls `body` with each piece that the steps make of a text, in order; none is empty.
    ///
    /// - Throws: `Failure` for a text that a pattern takes too long for, and what `body` throws.
    static func run(
        _ parts: ArraySlice<PiecePart>, on text: Text, at place: Place,
        _ body: (Text) throws -> Void
    ) throws {
        guard let part = parts.first else {
            if !text.isEmpty { try body(text) }
            return
        }
        try part.apply(to: text, at: place) { piece, place in
            try run(parts.dropFirst(), on: piece, at: place, body)
        }
    }

    private func apply(
        to text: Text, at place: Place, _ body: (Text, Place) throws -> Void
    ) throws {
        func give(_ range: Range<Int>) throws {
            guard !range.isEmpty else { return }
            try body(.init(rebasing: text[range]), place.part(at: range.lowerBound))
        }
        switch self {
        case .split(let pattern, let behavior, let isInverted):
            var stretches: [SplitBehavior.Stretch] = []
            try pattern.forEachStretch(of: text) { stretches.append(($0, $1 != isInverted)) }
            for piece in behavior.pieces(of: stretches) { try give(piece) }
        case .codePoints(let set, let behavior):
            for piece in behavior.pieces(of: Self.stretches(of: text, set)) { try give(piece) }
        case .scan(let pattern):
            guard let base = text.baseAddress else { return }
            let scanner = PreTokenizer(pattern)
            var start = 0
            while start < text.count {
                let end = scanner.endOfPiece(base, from: start, to: text.count)
                try give(start..<end)
                start = end
            }
        case .markSpaces(let mark):
            let marked = text.flatMap { $0 == 0x20 ? mark : [$0] }
            try marked.withUnsafeBufferPointer { try body($0, place) }
        case .prefix(let prefix, let scheme):
            let isWanted = scheme == .always || place.isTextStart
            guard isWanted, !place.isJoined, !text.isEmpty, !text.starts(with: prefix) else {
                return try body(text, place)
            }
            try (prefix + text).withUnsafeBufferPointer { try body($0, place) }
        }
    }

    /// Each code point of the set, and what lies between.
    private static func stretches(of text: Text, _ set: CodePointSet) -> [SplitBehavior.Stretch] {
        guard let base = text.baseAddress else { return [] }
        var stretches: [SplitBehavior.Stretch] = []
        var (offset, start) = (0, 0)
        while offset < text.count {
            let (value, length) = (base + offset).codePoint
            if set.contains(value) {
                if offset > start { stretches.append((start..<offset, false)) }
                stretches.append((offset..<offset + length, true))
                start = offset + length
            }
            offset += length
        }
        if start < text.count { stretches.append((start..<text.count, false)) }
        return stretches
    }
}
