import Diagnostics

/// The hosts of a run on islands: where one is lost, its whole island is left out, and comes back with it.
struct SupervisedIslands: Equatable {
    /// Hosts that are there together or not at all.
    private struct Group: Equatable {
        var hosts: [Host]
        var islandCount: Int
    }

    private let groups: [Group]

    /// - Throws: A usage `Failure` where the islands do not divide the slots, or one would get a part of
    ///   a host beside another host.
    init(_ count: Int, on hosts: [Host]) throws {
        let slotCount = hosts.slotCount
        func failure(_ what: FailureText, expected: String, got: String) -> Failure {
            Failure(
                what, expected: expected, got: got,
                remedy: FailureText("change \(key: "train.islands") or the slots of the hostfile"),
                kind: .usage)
        }
        guard slotCount.isMultiple(of: count) else {
            throw failure(
                "\(key: "train.islands") does not divide the slots",
                expected: "a divisor of \(slotCount)", got: "\(count)")
        }
        let size = slotCount / count
        var groups: [Group] = []
        var open: [Host] = []
        for host in hosts {
            open.append(host)
            guard open.slotCount.isMultiple(of: size) else { continue }
            groups.append(Group(hosts: open, islandCount: open.slotCount / size))
            open = []
        }
        guard groups.allSatisfy({ $0.hosts.count == 1 || $0.islandCount == 1 }) else {
            throw failure(
                "\(key: "train.islands") cuts a host in two",
                expected: "islands of whole hosts, or hosts of whole islands",
                got: "\(count) islands of \(size) on \(hosts.list)")
        }
        self.groups = groups
    }

    /// The hosts of the islands all of whose hosts live, and the number of those islands.
    func living(of hosts: [Host]) -> (hosts: [Host], count: Int) {
        let whole = groups.filter { $0.hosts.allSatisfy(hosts.contains) }
        return (whole.flatMap(\.hosts), whole.reduce(0) { $0 + $1.islandCount })
    }
}
