import Collectives

/// The bytes that ranks own, add and send in a step, found by walking through the buckets, owners and
/// speakers that the transport works with; no memory is taken.
struct SimulatedDuties {
    /// What a rank has to do in a step, in chunks.
    struct Duty: Equatable {
        var owned = 0.0
        var added = 0.0
        var sent = 0.0
    }

    let hosts: HostMap
    let buckets: GradientBuckets
    private let speakers: SliceSpeakers
    /// Chunks; the last counts as a whole one.
    private let size: Double
    private let owned: [Double]

    /// Nodes of `ranksPerHost` ranks, the last of what is left.
    init(parameterCount: Int, worldSize: Int, ranksPerHost: Int) {
        hosts = HostMap(labels: (0..<worldSize).map { $0 / ranksPerHost })
        buckets = GradientBuckets(parameterCount: parameterCount, hosts: hosts)
        speakers = SliceSpeakers(buckets, hosts: hosts)
        size = Double(buckets.chunkCount)
        var owned = Array(repeating: 0.0, count: worldSize)
        for slice in buckets.flatMap(\.slices) { owned[slice.owner] += Self.chunks(slice.range) }
        self.owned = owned
    }

    private static func chunks(_ range: Range<Int>) -> Double {
        Double((range.count + GradientBuckets.chunkSize - 1) / GradientBuckets.chunkSize)
    }

    /// Of each rank of a host, where a host's nodes of the tree come to one sum.
    func duties(ofHost host: Int) -> [Duty] {
        let ranks = hosts.ranks[host]
        var spoken = Array(repeating: 0.0, count: hosts.worldSize)
        for bucket in buckets {
            for part in speakers.parts(of: bucket, on: host) {
                spoken[part.speaker] += Self.chunks(part.range)
            }
        }
        return ranks.map { rank in
            let others = Double(hosts.count - 1)
            return Duty(
                owned: owned[rank],
                added: spoken[rank] * Double(ranks.count - 1) + owned[rank] * others,
                sent: spoken[rank] - owned[rank] + owned[rank] * others)
        }
    }

    /// The mean of the ranks of a host: what is owned is equal for all ranks of the world; all that
    /// a node adds, and sends of what others own, is shared by the ranks that it has.
    func mean(ofHost host: Int) -> Duty {
        let (count, worldSize) = (Double(hosts.ranks[host].count), Double(hosts.worldSize))
        let (others, owned) = (Double(hosts.count - 1), size / worldSize)
        return Duty(
            owned: owned, added: size / count * (count - 1) + owned * others,
            sent: size / count - owned + owned * others)
    }

    /// The work that one more owned chunk, and one more chunk for which a rank speaks, bring with them.
    func chunk(ofHost host: Int) -> Duty {
        let others = Double(hosts.count - 1)
        let count = Double(hosts.ranks[host].count)
        return Duty(owned: 1, added: others + count - 1, sent: max(others, 1))
    }

    /// Chunks that each host owns.
    func ownedByHosts() -> [Double] { hosts.ranks.map { $0.reduce(0) { $0 + owned[$1] } } }

    /// Of the ranks of all hosts.
    var ownedByRanks: [Double] { owned }

    /// Some hosts: the first, one in the middle, and the last two, of which the last may be small.
    var samples: [Int] {
        Array(Set([0, hosts.count / 2, max(0, hosts.count - 2), hosts.count - 1])).sorted()
    }
}
