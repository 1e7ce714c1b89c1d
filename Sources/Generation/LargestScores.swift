/// A token and its score.
package struct ScoredToken: Equatable {
    package let id: Int32
    package let score: Float

    /// Descending; of equal scores the lowest id comes first.
    static func precedes(_ a: ScoredToken, _ b: ScoredToken) -> Bool {
        a.score != b.score ? a.score > b.score : a.id < b.id
    }
}

extension [Float] {
    /// The `count` largest in descending order, and all that equal the least of them; NaN and -infinity
    /// are none.
    ///
    /// Reads the scores once and sorts 2 `count` candidates now and then, when the least score
    /// that still matters rises: far below sorting all for a small count.
    package func largest(_ count: Int) -> [ScoredToken] {
        precondition(count >= 1, "expected a count of at least 1, got \(count)")
        var found: [ScoredToken] = []
        var least = -Float.infinity
        var limit = count < self.count ? 2 * Swift.max(count, 16) : Int.max
        for (id, score) in enumerated() where score >= least && score > -.infinity {
            found.append(ScoredToken(id: Int32(id), score: score))
            guard found.count >= limit else { continue }
            least = found.cutAfterLargest(count)
            // Scores that equal the least stay: where they are many, the limit moves.
            limit = Swift.max(limit, 2 * found.count)
        }
        _ = found.cutAfterLargest(count)
        return found
    }
}

extension [ScoredToken] {
    /// Sorts, keeps the first `count` and what equals the last of them, and returns its score.
    fileprivate mutating func cutAfterLargest(_ count: Int) -> Float {
        sort(by: ScoredToken.precedes)
        guard self.count > count else { return last?.score ?? -.infinity }
        let least = self[count - 1].score
        let end = self[count...].firstIndex { $0.score < least } ?? endIndex
        removeSubrange(end...)
        return least
    }
}
