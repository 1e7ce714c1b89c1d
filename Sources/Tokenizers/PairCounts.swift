/// The number of times that each pair of ids occurs, and the words in which it has newly appeared.
struct PairCounts {
    /// A pair in the queue; the greater count comes first, then the lower pair.
    struct Candidate: Comparable {
        var count: Int
        var pair: UInt64
        /// The words in which it may occur.
        var words: [Int32]

        static func < (a: Candidate, b: Candidate) -> Bool {
            (a.count, b.pair) < (b.count, a.pair)
        }

        static func == (a: Candidate, b: Candidate) -> Bool {
            (a.count, a.pair) == (b.count, b.pair)
        }
    }

    private struct Pair {
        var pair: UInt64
        var count = 0
        var newWords: [Int32] = []
    }

    private var indices: [UInt64: Int] = [:]
    private var pairs: [Pair] = []
    /// Indices of the pairs with new words.
    private var changed: [Int] = []

    func count(of pair: UInt64) -> Int {
        indices[pair].map { pairs[$0].count } ?? 0
    }

    /// Adds `change` occurrences of a pair in a word, fewer than none where they have gone.
    mutating func add(_ pair: UInt64, _ change: Int, in word: Int) {
        let index = index(of: pair)
        pairs[index].count += change
        guard change > 0, pairs[index].newWords.last != Int32(word) else { return }
        if pairs[index].newWords.isEmpty { changed.append(index) }
        pairs[index].newWords.append(Int32(word))
    }

    /// Hands out each pair with new words, once, unless it no longer occurs.
    mutating func drainChanged(_ body: (Candidate) -> Void) {
        for index in changed {
            let pair = pairs[index]
            pairs[index].newWords = []
            if pair.count > 0 {
                body(Candidate(count: pair.count, pair: pair.pair, words: pair.newWords))
            }
        }
        changed.removeAll(keepingCapacity: true)
    }

    private mutating func index(of pair: UInt64) -> Int {
        if let index = indices[pair] { return index }
        indices[pair] = pairs.count
        pairs.append(Pair(pair: pair))
        return pairs.count - 1
    }
}
