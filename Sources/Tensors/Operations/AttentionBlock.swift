/// A block of rows of queries.
package struct AttentionBlock {
    /// The head of queries, counted from the first that shares its keys and values.
    package let head: Int
    package let rows: Range<Int>
    /// The positions that they see.
    package let seen: Range<Int>

    /// Multiplications, but for a factor.
    package var work: Int { rows.count * seen.count }
}

extension [AttentionBlock] {
    /// From the first row to the last one, whatever the heads.
    var rows: Range<Int> {
        (map(\.rows.lowerBound).min() ?? 0)..<(map(\.rows.upperBound).max() ?? 0)
    }

    /// From the first to the last position that one of them sees.
    var seen: Range<Int> {
        (map(\.seen.lowerBound).min() ?? 0)..<(map(\.seen.upperBound).max() ?? 0)
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
            ends.map { start in
                let rows = start..<min(start + Self.blockRows, length)
                return AttentionBlock(head: head, rows: rows, seen: options.seen(by: rows))
            }
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
