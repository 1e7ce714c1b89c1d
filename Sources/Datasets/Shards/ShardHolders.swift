import Diagnostics

/// The ranks that read each shard of a stream of which each host has shards of its own.
///
/// All ranks have the same list, so each knows what the others read for it.
package struct ShardHolders: Equatable, Sendable {
    /// The number of this rank.
    let rank: Int
    package let worldSize: Int
    /// The ranks of each shard, ascending.
    private let ranks: [[Int]]

    init(rank: Int, worldSize: Int, ranks: [[Int]]) {
        precondition(ranks.allSatisfy { !$0.isEmpty }, "every shard has a rank that reads it")
        (self.rank, self.worldSize, self.ranks) = (rank, worldSize, ranks)
    }

    /// The rank that reads a shard for another: that one itself where its host has the shard, else one of
    /// those that have it, so that the readers of a host share the work.
    func reader(ofShard shard: Int, for rank: Int) -> Int {
        let holders = ranks[shard]
        return isHolder(rank, of: shard) ? rank : holders[rank % holders.count]
    }

    /// Refuses to open a shard that other hosts have.
    func require(_ shard: Int, at path: String) throws {
        guard !isHolder(rank, of: shard) else { return }
        throw Failure(
            "the token shard lies on another host", expected: "a host of rank \(ranks[shard][0])",
            got: "that of rank \(rank)", at: path)
    }

    /// The shards that a rank reads itself.
    package func count(ofRank rank: Int) -> Int {
        ranks.indices.count { isHolder(rank, of: $0) }
    }

    private func isHolder(_ rank: Int, of shard: Int) -> Bool {
        let holders = ranks[shard]
        var (low, high) = (0, holders.count)
        while low < high {
            let middle = (low + high) / 2
            if holders[middle] < rank { low = middle + 1 } else { high = middle }
        }
        return low < holders.count && holders[low] == rank
    }
}
