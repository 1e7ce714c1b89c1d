import Diagnostics

/// The ranks that make up each island: equally many, on whole hosts where an island is on several.
package struct IslandMap: Equatable, Sendable {
    /// The ranks of each island, ascending; the islands in the order of their hosts.
    package let ranks: [[Int]]

    /// - Throws: A usage `Failure` where the islands do not divide the ranks, or one would get a part of
    ///   a host beside another host.
    package init(count: Int, hosts: HostMap) throws {
        let worldSize = hosts.worldSize
        guard worldSize.isMultiple(of: count) else {
            throw Self.failure(
                "\(key: "train.islands") does not divide the ranks", hosts,
                expected: "a divisor of \(worldSize)", got: "\(count)")
        }
        guard let ranks = Self.islands(count, on: hosts) else {
            throw Self.failure(
                "\(key: "train.islands") cuts a host in two", hosts,
                expected: "islands of whole hosts, or hosts of whole islands",
                got: "\(count) islands on \(hosts)")
        }
        self.ranks = ranks
    }

    package var count: Int { ranks.count }

    /// The island of a rank.
    package func island(of rank: Int) -> Int {
        ranks.firstIndex { $0.contains(rank) } ?? 0
    }

    /// The ranks of so many islands; nil where they do not fit.
    private static func islands(_ count: Int, on hosts: HostMap) -> [[Int]]? {
        guard count > 0, hosts.worldSize.isMultiple(of: count) else { return nil }
        let size = hosts.worldSize / count
        let ordered = hosts.ranks.flatMap { $0 }
        let islands = (0..<count).map { ordered[$0 * size..<($0 + 1) * size].sorted() }
        let fits = islands.allSatisfy { ranks in
            let own = Set(ranks.map(hosts.host(of:)))
            return own.count == 1 || own.reduce(0) { $0 + hosts.ranks[$1].count } == size
        }
        return fits ? islands : nil
    }

    private static func failure(
        _ what: FailureText, _ hosts: HostMap, expected: FailureText, got: String
    ) -> Failure {
        let fitting = (1...hosts.worldSize).filter { islands($0, on: hosts) != nil }
        let numbers = fitting.map { "\($0)" }.joined(separator: " or ")
        return Failure(
            what, expected: expected, got: got,
            remedy: FailureText(
                "use \(key: "train.islands")=\(numbers), or start another number of ranks"),
            kind: .usage)
    }
}
