import Diagnostics

/// The way of a text to the model: added tokens are cut out, the rest is normalized and cut into
/// pieces.
///
/// Where the parts only write a mark for each space, they are not carried out: the model reads a space
/// as the mark, and the spaces put before the text are put there.
struct TextPipeline: Sendable {
    /// The last cut, which the encoder of the model makes.
    let pattern: PreTokenizer.Pattern
    /// Whether a space in the text stands for the mark of one.
    let writesMarks: Bool

    private let normalizer: Normalizer?
    /// The cuts before the last one.
    private let parts: [PiecePart]
    private let spacePrefix: SpacePrefix
    /// Added tokens are matched in two rounds: those of the raw text, then those of normalized
    /// text.
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    private let addedIDs: Set<Int32>

    typealias Text = UnsafeBufferPointer<UInt8>

    init(_ document: TokenizerDocument) throws {
        let added = document.vocabulary.addedTokens
        rawTokens = AddedTokenMatcher(added.filter { !$0.isNormalized })
        addedIDs = Set(added.map(\.id))
        let normalized = added.filter(\.isNormalized)
        if normalized.isEmpty, let marks = MarkedSpaces(document) {
            (writesMarks, spacePrefix, pattern) = (true, marks.prefix, marks.pattern)
            (normalizer, parts) = (nil, [])
            normalizedTokens = AddedTokenMatcher([])
            return
        }
        (writesMarks, spacePrefix, normalizer) = (false, .none, document.normalizer)
        var cuts = document.pieces.parts
        if case .scan(let last)? = cuts.last {
            pattern = last
            cuts.removeLast()
        } else {
            pattern = .whole
        }
        parts = cuts
        normalizedTokens = AddedTokenMatcher(
            try normalized.map { token in
                var token = token
                token.content =
                    try document.normalizer?.applied(to: token.content, isJoined: false)
                    ?? token.content
                return token
            })
    }

    /// Appends the ids of well-formed text.
    ///
    /// - Parameters:
    ///   - isContinuation: whether the text goes on from the text of `ids`.
    ///   - encode: appends the ids of a stretch that is to be cut by `pattern`.
    func encode(
        _ utf8: Text, isContinuation: Bool, into ids: inout [Int32],
        _ encode: (Text, inout [Int32]) throws -> Void
    ) throws {
        var result: [Int32] = []
        swap(&result, &ids)
        defer { swap(&result, &ids) }
        try rawTokens.split(utf8) { text in
            let isStart = text.baseAddress == utf8.baseAddress
            let isJoined =
                isContinuation && isStart && !(result.last.map(addedIDs.contains) ?? true)
            let place = PiecePart.Place(
                isTextStart: isStart && !isContinuation, isJoined: isJoined)
            try encodePart(text, at: place, into: &result, encode)
        } token: {
            result.append($0)
        }
    }

    /// A part between the added tokens of the raw text.
    private func encodePart(
        _ text: Text, at place: PiecePart.Place, into ids: inout [Int32],
        _ encode: (Text, inout [Int32]) throws -> Void
    ) throws {
        if writesMarks {
            guard spacePrefix.isPut(before: text, at: place) else { return try encode(text, &ids) }
            return try ([0x20] + text).withUnsafeBufferPointer { try encode($0, &ids) }
        }
        guard let normalizer else { return try cut(text, at: place, into: &ids, encode) }
        try normalizer.applied(to: Array(text), isJoined: place.isJoined)
            .withUnsafeBufferPointer { try cut($0, at: place, into: &ids, encode) }
    }

    private func cut(
        _ text: Text, at place: PiecePart.Place, into ids: inout [Int32],
        _ encode: (Text, inout [Int32]) throws -> Void
    ) throws {
        guard !normalizedTokens.isEmpty || !parts.isEmpty else {
            return text.isEmpty ? () : try encode(text, &ids)
        }
        var result: [Int32] = []
        swap(&result, &ids)
        defer { swap(&result, &ids) }
        try normalizedTokens.split(text) { part in
            let offset = part.baseAddress == text.baseAddress ? 0 : 1
            try PiecePart.run(parts[...], on: part, at: place.part(at: offset)) {
                try encode($0, &result)
            }
        } token: {
            result.append($0)
        }
    }
}
