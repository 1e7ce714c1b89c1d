import Diagnostics

/// The search for the best way to write a piece with the tokens of a Unigram model.
///
/// The best sum of scores up to each place, from left to right; of equal sums the one found first, from
/// the longest last token on (Viterbi; Kudo 2018, section 3.2).
struct UnigramLattice: Sendable {
    /// What a character without a token costs below the least score.
    private static let unknownPenalty = 10.0

    private struct Node {
        var score = 0.0
        var start = -1
        var id: Int32 = -1
    }

    private let trie: TokenTrie
    private let ids: [[UInt8]: Int32]
    private let scores: [Double]
    private let unknownID: Int32?
    private let unknownScore: Double
    private let fallbackIDs: [Int32]
    private let writesMarks: Bool

    init(_ model: UnigramModel, writesMarks: Bool) {
        var ids: [[UInt8]: Int32] = [:]
        // Of a token that occurs twice the later id counts.
        for (id, token) in model.tokens.enumerated() { ids[token] = Int32(id) }
        self.ids = ids
        trie = TokenTrie(ids)
        scores = model.scores
        unknownID = model.unknownID
        unknownScore = (model.scores.min() ?? 0) - Self.unknownPenalty
        fallbackIDs =
            model.fallsBackToBytes
            ? (UInt8.min...UInt8.max).map { ids[ByteToken.spelling(of: $0)] ?? -1 } : []
        self.writesMarks = writesMarks
    }

    /// Appends the ids of a piece.
    ///
    /// - Throws: `Failure` for a character without a token where there is no unknown token.
    func encode(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) throws {
        guard writesMarks, piece.contains(0x20) else { return try encodeMarked(piece, into: &ids) }
        let marked = piece.flatMap { $0 == 0x20 ? SpaceMark.bytes : [$0] }
        try marked.withUnsafeBufferPointer { try encodeMarked($0, into: &ids) }
    }

    private func encodeMarked(
        _ text: UnsafeBufferPointer<UInt8>, into result: inout [Int32]
    ) throws {
        guard let base = text.baseAddress else { return }
        var best = [Node](repeating: Node(), count: text.count + 1)
        best[0].start = 0
        var start = 0
        while start < text.count {
            let length = (base + start).codePoint.length
            let score = best[start].score
            var hasCharacter = false
            trie.forEachPrefix(of: text, from: start) { end, id in
                Self.offer(score + scores[Int(id)], id, start, &best[end])
                if end - start == length { hasCharacter = true }
            }
            if !hasCharacter {
                guard let unknownID else { throw Self.unknown(base + start, at: start) }
                Self.offer(score + unknownScore, unknownID, start, &best[start + length])
            }
            start += length
        }
        append(best, of: text, to: &result)
    }

    @inline(__always)
    private static func offer(_ score: Double, _ id: Int32, _ start: Int, _ node: inout Node) {
        guard node.start < 0 || score > node.score else { return }
        node = Node(score: score, start: start, id: id)
    }

    /// Goes back along the best way; neighbours without a token become one.
    private func append(
        _ best: [Node], of text: UnsafeBufferPointer<UInt8>, to result: inout [Int32]
    ) {
        var parts: [(range: Range<Int>, id: Int32)] = []
        var end = text.count
        while end > 0 {
            let node = best[end]
            if node.id == unknownID, let last = parts.last, last.id == unknownID {
                parts[parts.count - 1].range = node.start..<last.range.upperBound
            } else {
                parts.append((node.start..<end, node.id))
            }
            end = node.start
        }
        for part in parts.reversed() {
            let isUnknown = part.id == unknownID
            let bytes = isUnknown ? Array(text[part.range]) : []
            if !isUnknown {
                result.append(part.id)
            } else if let id = ids[bytes] {
                result.append(id)
            } else if !fallbackIDs.isEmpty, bytes.allSatisfy({ fallbackIDs[Int($0)] >= 0 }) {
                result += bytes.map { fallbackIDs[Int($0)] }
            } else {
                result.append(part.id)
            }
        }
    }

    private static func unknown(_ place: UnsafePointer<UInt8>, at offset: Int) -> Failure {
        let value = String(place.codePoint.value, radix: 16, uppercase: true)
        return Failure(
            "cannot encode a character",
            expected: "a character of the tokenizer, which has no "
                + "unknown token", got: "U+\(value)", at: "byte \(offset) of a piece",
            remedy: "remove it, or use another tokenizer")
    }
}
