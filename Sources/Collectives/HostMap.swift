/// Which ranks run on which host: those of one host can share memory.
package struct HostMap: Equatable, Sendable {
    /// The ranks of each host, ascending; the hosts in the order of their first ranks.
    package let ranks: [[Int]]
    /// The host of each rank.
    private let hosts: [Int]
    /// The place of each rank among those of its host.
    private let localRanks: [Int]

    /// - Parameter labels: one for each rank, equal on one host.
    package init(labels: [Int]) {
        precondition(!labels.isEmpty, "expected at least one rank")
        var numbers: [Int: Int] = [:]
        var ranks: [[Int]] = []
        var localRanks: [Int] = []
        hosts = labels.enumerated().map { rank, label in
            let host = numbers[label] ?? ranks.count
            if host == ranks.count {
                numbers[label] = host
                ranks.append([])
            }
            localRanks.append(ranks[host].count)
            ranks[host].append(rank)
            return host
        }
        (self.ranks, self.localRanks) = (ranks, localRanks)
    }

    /// A map with each rank on a host of its own: none shares memory.
    package static func apart(worldSize: Int) -> HostMap { HostMap(labels: Array(0..<worldSize)) }

    package var count: Int { ranks.count }
    package var worldSize: Int { hosts.count }

    /// The position of the rank's host in `ranks`.
    package func host(of rank: Int) -> Int { hosts[rank] }

    /// The ranks of the same host.
    package func neighbours(of rank: Int) -> [Int] { ranks[hosts[rank]] }

    /// The rank's place among those of its host.
    package func localRank(of rank: Int) -> Int { localRanks[rank] }

    /// All ranks in the order in which work is dealt out to them, node by node and then rank by rank.
    ///
    /// Of the first k ranks each of several equal nodes, and a smaller one beside them, has less than
    /// one more than its share, k times its ranks of all.
    package var dealingOrder: [Int] {
        hosts.indices.sorted { left, right in
            let (a, b) = (middle(of: left), middle(of: right))
            let (first, second) = (a.count * b.of, b.count * a.of)
            return first != second ? first < second : hosts[left] < hosts[right]
        }
    }

    /// The middle of the rank's place on its host, as a fraction of the host.
    private func middle(of rank: Int) -> (count: Int, of: Int) {
        (2 * localRanks[rank] + 1, ranks[hosts[rank]].count)
    }
}

extension Communicator {
    /// Ranks of this node.
    package var neighbourCount: Int { hosts.neighbours(of: rank).count }
}

extension HostMap: CustomStringConvertible {
    /// The map in words, as in "2 nodes of 4 ranks".
    package var description: String {
        let sizes = ranks.map(\.count)
        let (least, most) = (sizes.min() ?? 0, sizes.max() ?? 0)
        return "\(count) \(count == 1 ? "node" : "nodes") of "
            + (least == most ? "" : "\(least) to ") + "\(most) \(most == 1 ? "rank" : "ranks")"
    }
}
