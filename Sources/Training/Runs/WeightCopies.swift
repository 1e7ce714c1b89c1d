import Collectives

/// The copies of the weights that a run holds: one on each host whose ranks share them, or one on each
/// rank.
struct WeightCopies {
    private let hosts: HostMap

    /// - Parameter hosts: the ranks that share a copy.
    init(_ hosts: HostMap) { self.hosts = hosts }

    var count: Int { hosts.count }
    func copy(of rank: Int) -> Int { hosts.host(of: rank) }
    /// Whether a rank speaks for its copy.
    func isFirst(_ rank: Int) -> Bool { hosts.localRank(of: rank) == 0 }
    /// A number by which ranks of one copy stand together.
    func order(of rank: Int) -> Int { copy(of: rank) * hosts.worldSize + rank }

    /// The first ranks of all copies, in the order of these; nil on the others. Collective.
    func leaders(of communicator: any Communicator) throws -> (any Communicator)? {
        guard count < communicator.worldSize else { return communicator }
        guard count > 1 else { return nil }
        let isFirst = isFirst(communicator.rank)
        let part = try communicator.split(color: isFirst ? 0 : 1)
        return isFirst ? part : nil
    }
}
