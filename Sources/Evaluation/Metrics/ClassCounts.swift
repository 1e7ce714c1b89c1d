/// How often each class was right and which one was chosen then.
///
/// Source: scikit-learn, `f1_score` and `matthews_corrcoef`; 0 / 0 counts as 0.
struct ClassCounts {
    /// Documents of each class (row) by the class that was chosen (column).
    private var counts: [[Int]]
    private let documents: [(right: Int, chosen: Int)]

    init(_ scores: [TaskScore]) {
        documents = scores.map { score in
            if case .classes(let right, let chosen) = score { return (right, chosen) }
            return (0, 0)
        }
        let size = documents.reduce(2) { max($0, $1.right + 1, $1.chosen + 1) }
        counts = Self.count(documents, size)
    }

    private static func count(_ documents: [(right: Int, chosen: Int)], _ size: Int) -> [[Int]] {
        var counts = Array(repeating: Array(repeating: 0, count: size), count: size)
        for (right, chosen) in documents { counts[right][chosen] += 1 }
        return counts
    }

    /// The counts of as many documents, drawn with replacement.
    func redrawn(_ draw: () -> Int) -> ClassCounts {
        var copy = self
        let size = counts.count
        var flat = [Int](repeating: 0, count: size * size)
        for _ in documents {
            let document = documents[draw()]
            flat[document.right * size + document.chosen] += 1
        }
        copy.counts = (0..<size).map { Array(flat[$0 * size..<($0 + 1) * size]) }
        return copy
    }

    private func rightCount(_ number: Int) -> Int { counts[number].reduce(0, +) }
    private func chosenCount(_ number: Int) -> Int { counts.reduce(0) { $0 + $1[number] } }

    func f1(of number: Int) -> Double {
        let whole = rightCount(number) + chosenCount(number)
        return whole > 0 ? 2 * Double(counts[number][number]) / Double(whole) : 0
    }

    /// The classes that are right or chosen anywhere.
    private var classes: [Int] {
        counts.indices.filter { rightCount($0) + chosenCount($0) > 0 }
    }

    var macroF1: Double { classes.reduce(0) { $0 + f1(of: $1) } / Double(classes.count) }

    var weightedF1: Double {
        classes.reduce(0) { $0 + f1(of: $1) * Double(rightCount($1)) } / Double(documents.count)
    }

    var correlation: Double {
        let (all, hits) = (documents.count, counts.indices.reduce(0) { $0 + counts[$1][$1] })
        let right = counts.indices.map(rightCount)
        let chosen = counts.indices.map(chosenCount)
        let both = hits * all - zip(right, chosen).reduce(0) { $0 + $1.0 * $1.1 }
        let spread = { (counts: [Int]) in all * all - counts.reduce(0) { $0 + $1 * $1 } }
        let whole = Double(spread(right)) * Double(spread(chosen))
        return whole > 0 ? Double(both) / whole.squareRoot() : 0
    }
}
