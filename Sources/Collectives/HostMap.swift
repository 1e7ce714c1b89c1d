/// Which ranks run on which host: those of one host can share memory.
///
/// On every host one rank speaks for it in each rank's slices: their owner, where it runs there,
/// else one so chosen that the ranks of the host speak for equally many.
package struct HostMap: Equatable, Sendable {
    /// The ranks of each host, ascending; the hosts in the order of their first ranks.
    package let ranks: [[Int]]
    /// The host of each rank.
    private let hosts: [Int]

    /// - Parameter labels: one for each rank, equal on one host.
    package init(labels: [Int]) {
        precondition(!labels.isEmpty, "expected at least one rank")
        var numbers: [Int: Int] = [:]
        for label in labels where numbers[label] == nil { numbers[label] = numbers.count }
        let hosts = labels.map { numbers[$0] ?? 0 }
        self.hosts = hosts
        ranks = numbers.values.sorted().map { host in
            hosts.indices.filter { hosts[$0] == host }
        }
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
    package func localRank(of rank: Int) -> Int {
        neighbours(of: rank).firstIndex(of: rank) ?? 0
    }

    /// The rank of `host` that speaks for it in the slices of `owner`.
    package func speaker(of host: Int, forSlicesOf owner: Int) -> Int {
        guard hosts[owner] != host else { return owner }
        let strangersBefore = owner - ranks[host].count { $0 < owner }
        return ranks[host][strangersBefore % ranks[host].count]
    }

    /// The owners of the slices in which `rank` speaks for its host: itself, and ranks of other hosts,
    /// the next one first, so that no rank is everyone's first.
    package func duties(of rank: Int) -> [Int] {
        (0..<worldSize).map { (rank + $0) % worldSize }
            .filter { speaker(of: hosts[rank], forSlicesOf: $0) == rank }
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
