/// A block of rows of queries, with the past that they see.
package struct AttentionBlock {
    /// The head of queries, counted from the first that shares its keys and values.
    package let head: Int
    package let rows: Range<Int>

    /// Multiplications, but for a factor.
    package var work: Int { rows.count * rows.upperBound }
}

extension [AttentionBlock] {
    /// From the first row to the last one, whatever the heads.
    var rows: Range<Int> {
        (map(\.rows.lowerBound).min() ?? 0)..<(map(\.rows.upperBound).max() ?? 0)
    }
}

extension AttentionLayout {
    /// Tasks for all threads, where there are as many blocks.
    private static let wantedTasks = 64

    /// The blocks of `heads` heads that share keys and values, head after head and each from its last
    /// block on, cut into parts of about equal work.
    ///
    /// A function of the shape alone, since each part is summed for itself: as many parts as make 64
    /// tasks out of `groups` groups.
    package func parts(heads: Int, groups: Int) -> [[AttentionBlock]] {
        let ends = stride(from: 0, to: length, by: Self.blockRows).reversed()
        let blocks = (0..<heads).flatMap { head in
            ends.map { AttentionBlock(head: head, rows: $0..<min($0 + Self.blockRows, length)) }
        }
        let count = max(1, min(blocks.count, Self.wantedTasks / max(1, groups)))
        let total = blocks.map(\.work).reduce(0, +)
        var parts = [[AttentionBlock]](repeating: [], count: count)
        var done = 0
        for block in blocks {
            // By the middle of its work.
            parts[(2 * done + block.work) * count / (2 * total)].append(block)
            done += block.work
        }
        return parts.filter { !$0.isEmpty }
    }
}
