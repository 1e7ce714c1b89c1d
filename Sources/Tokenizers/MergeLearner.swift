import Collections

/// The state of BPE training: words as ids, counts of neighbouring pairs, and a queue of the
/// pairs to merge.
///
/// The most frequent pair is merged first, the one with the lowest ids among equals. A pair
/// remembers the words it occurs in, so a merge visits only these (Sennrich et al. 2016, section
/// 3.2).
final class MergeLearner {
    /// The bytes of each id.
    private(set) var tokens: [[UInt8]]
    private(set) var merges: [Merge] = []

    private var ids: [[UInt8]: Int32]
    private var words = TrainingWords()
    private var pairs = PairCounts()
    private var queue = Heap<PairCounts.Candidate>()

    /// - Parameter tokens: the vocabulary before the first merge, which holds every single byte.
    init(_ counts: WordCounts, tokens: [[UInt8]]) {
        self.tokens = tokens
        ids = Dictionary(uniqueKeysWithValues: zip(tokens, 0..<Int32(tokens.count)))
        var byteIDs = [Int32](repeating: 0, count: 256)
        for (token, id) in ids where token.count == 1 { byteIDs[Int(token[0])] = id }
        counts.forEachWord { words.append($0.map { byteIDs[Int($0)] }, count: $1) }
        for word in 0..<words.count {
            words.forEachPair(of: word) { pairs.add($0, $1, in: word) }
        }
        enqueueChanged()
    }

    /// Merges the best pair everywhere.
    ///
    /// - Returns: false where no pair is left.
    func mergeNext() -> Bool {
        guard let best = nextCandidate() else { return false }
        let left = Int32(truncatingIfNeeded: best.pair >> 32)
        let right = Int32(truncatingIfNeeded: best.pair)
        let token = tokens[Int(left)] + tokens[Int(right)]
        // Two different pairs may spell one token: the second one makes the id of the first.
        let result = ids[token] ?? Int32(tokens.count)
        if Int(result) == tokens.count {
            tokens.append(token)
            ids[token] = result
        }
        merges.append(Merge(pair: best.pair, result: result))
        for word in best.words {
            words.merge(left, right, into: result, in: Int(word)) {
                pairs.add($0, $1, in: Int(word))
            }
        }
        enqueueChanged()
        return true
    }

    /// The pair with the greatest count; a candidate whose count has changed goes back into the
    /// queue.
    private func nextCandidate() -> PairCounts.Candidate? {
        while var best = queue.popMax() {
            let count = pairs.count(of: best.pair)
            if count == best.count { return best.count > 0 ? best : nil }
            best.count = count
            queue.insert(best)
        }
        return nil
    }

    private func enqueueChanged() {
        pairs.drainChanged { queue.insert($0) }
    }
}
