/// Finds added tokens in text: leftmost, and the longest of those that start there.
struct AddedTokenMatcher: Sendable {
    typealias Match = (range: Range<Int>, id: Int32)

    private struct Candidate {
        var content: [UInt8]
        var id: Int32
    }

    /// The tokens by their first byte, longest first.
    private let candidates: [[Candidate]]
    private let isFirstByte: [Bool]
    private let isEmpty: Bool

    init(_ tokens: [Vocabulary.AddedToken]) {
        var candidates = [[Candidate]](repeating: [], count: 256)
        for token in tokens.sorted(by: { $0.content.count > $1.content.count }) {
            guard let first = token.content.first else { continue }
            candidates[Int(first)].append(Candidate(content: token.content, id: token.id))
        }
        self.candidates = candidates
        isFirstByte = candidates.map { !$0.isEmpty }
        isEmpty = tokens.isEmpty
    }

    /// Calls `text` for each stretch between tokens, empty ones left out, and `token` for each
    /// token, in order.
    func split(
        _ utf8: UnsafeBufferPointer<UInt8>,
        text: (UnsafeBufferPointer<UInt8>) -> Void, token: (Int32) -> Void
    ) {
        var start = 0
        while let match = firstMatch(in: utf8, from: start) {
            if match.range.lowerBound > start {
                text(UnsafeBufferPointer(rebasing: utf8[start..<match.range.lowerBound]))
            }
            token(match.id)
            start = match.range.upperBound
        }
        if start < utf8.count { text(UnsafeBufferPointer(rebasing: utf8[start...])) }
    }

    private func firstMatch(in utf8: UnsafeBufferPointer<UInt8>, from start: Int) -> Match? {
        if isEmpty { return nil }
        return isFirstByte.withUnsafeBufferPointer { isFirstByte in
            for offset in start..<utf8.count where isFirstByte[Int(utf8[offset])] {
                for candidate in candidates[Int(utf8[offset])] {
                    let end = offset + candidate.content.count
                    if end <= utf8.count, utf8[offset..<end].elementsEqual(candidate.content) {
                        return (offset..<end, candidate.id)
                    }
                }
            }
            return nil
        }
    }
}
