import Foundation

/// The pieces of a Unigram model in training, and the logarithms of their probabilities.
struct UnigramPieces: Sendable {
    private(set) var texts: [[UInt8]]
    private(set) var scores: [Double]
    /// Whether each is a character of the alphabet, which always stays.
    private(set) var isCharacter: [Bool]
    private(set) var trie: TokenTrie

    /// Pieces that are expected less often are dropped.
    private static let leastCount = 0.5

    /// - Parameter weights: How likely each piece is beside the others.
    init(_ texts: [[UInt8]], weights: [Double], characterCount: Int) {
        self.texts = texts
        let sum = log(weights.reduce(0, +))
        scores = weights.map { log($0) - sum }
        isCharacter = texts.indices.map { $0 < characterCount }
        trie = TokenTrie([:])
        trie = makeTrie()
    }

    var count: Int { texts.count }

    private func makeTrie() -> TokenTrie {
        TokenTrie(Dictionary(uniqueKeysWithValues: zip(texts, 0..<Int32(texts.count))))
    }

    private mutating func keep(_ indices: [Int]) {
        guard indices.count < count else { return }
        texts = indices.map { texts[$0] }
        scores = indices.map { scores[$0] }
        isCharacter = indices.map { isCharacter[$0] }
        trie = makeTrie()
    }

    /// Sets the scores to the expected logarithms of the probabilities under their posterior distribution
    /// (Liang and Klein 2007), and drops pieces that hardly occur.
    mutating func estimate(from expected: [Double]) {
        let kept = texts.indices.filter { isCharacter[$0] || expected[$0] >= Self.leastCount }
        let counts = kept.map { max(expected[$0], Self.leastCount) }
        let sum = Self.digamma(counts.reduce(0, +))
        for (index, count) in zip(kept, counts) { scores[index] = Self.digamma(count) - sum }
        keep(kept)
    }

    /// The derivative of the logarithm of the gamma function: a recurrence up to 7, then the asymptotic series
    /// at x - 1/2.
    private static func digamma(_ value: Double) -> Double {
        var (x, result) = (value, 0.0)
        while x < 7 {
            result -= 1 / x
            x += 1
        }
        x -= 0.5
        let square = 1 / (x * x)
        let series = 31.0 / 8064 - 127.0 / 30720 * square
        return result + log(x) + square * (1.0 / 24 + square * (-7.0 / 960 + square * series))
    }

    /// The likeliest pieces, and all characters, in descending order.
    func likeliest(_ number: Int) -> [(text: [UInt8], score: Double)] {
        func precedes(_ a: Int, _ b: Int) -> Bool {
            scores[a] != scores[b]
                ? scores[a] > scores[b] : texts[a].lexicographicallyPrecedes(texts[b])
        }
        let characters = texts.indices.filter { isCharacter[$0] }
        let others = texts.indices.filter { !isCharacter[$0] }.sorted(by: precedes)
        return (characters + others.prefix(max(0, number - characters.count)))
            .sorted(by: precedes).map { (texts[$0], scores[$0]) }
    }
}

// MARK: Pruning

extension UnigramPieces {
    /// Drops the pieces without which the text would lose the least likelihood, until `target` are left.
    ///
    /// - Returns: Whether any was dropped.
    mutating func prune(to target: Int, _ uses: UnigramUses, in text: UnigramText) -> Bool {
        let total = Double(uses.counts.reduce(0, +))
        var kept: [Int] = []
        var candidates: [(loss: Double, index: Int)] = []
        var lattice = TrainingLattice(self)
        for index in texts.indices {
            guard !isCharacter[index] else {
                kept.append(index)
                continue
            }
            guard uses.counts[index] > 0 else { continue }
            let parts = texts[index].withUnsafeBufferPointer {
                lattice.best(of: $0, without: Int32(index))
            }
            candidates.append((loss(of: index, parts, uses, total), index))
        }
        candidates.sort { $0.loss != $1.loss ? $0.loss > $1.loss : $0.index < $1.index }
        kept += candidates.prefix(max(0, target - kept.count)).map(\.index)
        let before = count
        keep(kept.sorted())
        return count < before
    }

    /// The loss of likelihood where a piece is written as its parts: its occurrences then are theirs.
    private func loss(
        of index: Int, _ parts: [Int32], _ uses: UnigramUses, _ total: Double
    ) -> Double {
        let own = Double(uses.counts[index])
        let share = Double(uses.wordCounts[index]) / Double(max(1, uses.wordCount))
        let logTotal = log(total + own * Double(parts.count - 1))
        let replaced = parts.reduce(0.0) { sum, part in
            sum + log(Double(uses.counts[Int(part)]) + own) - logTotal
        }
        return share * (log(own) - log(total) - replaced)
    }
}
