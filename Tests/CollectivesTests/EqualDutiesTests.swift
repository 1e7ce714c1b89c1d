import Collectives
import Testing

/// No rank has more to do than its part, on any number of ranks and nodes.
@Suite struct EqualDutiesTests {
    /// GPT-2 1.5B and Llama 7B.
    static let sizes = [1_557_611_200, 6_738_415_616]
    static let worlds = [65, 96, 100, 128, 1000, 4096]
    static let ranksPerHost = [1, 2, 8, 48, 64]

    /// The most that a rank may have, of the mean.
    private static let most = 1.1

    @Test(arguments: worlds, ranksPerHost)
    func largeModelsAreSharedOutEvenly(worldSize: Int, ranksPerHost: Int) {
        for parameterCount in Self.sizes {
            let world = SimulatedDuties(
                parameterCount: parameterCount, worldSize: worldSize, ranksPerHost: ranksPerHost)
            for host in world.samples {
                let (mean, duties) = (world.mean(ofHost: host), world.duties(ofHost: host))
                for part in [\SimulatedDuties.Duty.owned, \.added, \.sent] {
                    let largest = duties.map { $0[keyPath: part] }.max() ?? 0
                    #expect(
                        largest <= Self.most * mean[keyPath: part] + 1e-6,
                        "\(part) of host \(host): \(largest), mean \(mean[keyPath: part])")
                }
            }
        }
    }

    /// From 2 to 4,096 ranks, and every size of node: closer together where there are few.
    static let manyWorlds = [
        2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 17, 24, 31, 32, 33, 47, 48, 63, 64, 65, 66, 97, 127, 129,
        191, 192, 250, 257, 383, 512, 777, 1021, 1025, 1536, 2047, 2500, 3333, 4095, 4096,
    ]

    @Test(arguments: manyWorlds)
    func noRankAndNoNodeHasAChunkMoreThanTheMean(worldSize: Int) {
        let nodes = [1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 48, 64, 96, 128, worldSize / 2, worldSize]
        for ranksPerHost in Set(nodes) where (1...worldSize).contains(ranksPerHost) {
            for parameterCount in [40_000_000, 333_333_333] {
                let world = SimulatedDuties(
                    parameterCount: parameterCount, worldSize: worldSize,
                    ranksPerHost: ranksPerHost)
                check(world, "\(ranksPerHost) ranks a node, \(parameterCount) parameters")
            }
        }
    }

    private func check(_ world: SimulatedDuties, _ comment: Comment) {
        let slack = 1e-6
        let mean = world.mean(ofHost: 0).owned
        #expect((world.ownedByRanks.max() ?? 0) <= mean + 1 + slack, comment)
        for (ranks, owned) in zip(world.hosts.ranks, world.ownedByHosts()) {
            #expect(owned <= mean * Double(ranks.count) + 1 + slack, comment)
        }
        for host in world.samples {
            let (mean, chunk) = (world.mean(ofHost: host), world.chunk(ofHost: host))
            for duty in world.duties(ofHost: host) {
                #expect(duty.added <= mean.added + chunk.added + slack, comment)
                #expect(duty.sent <= mean.sent + chunk.sent + slack, comment)
            }
        }
    }

    /// What a rank's plan says is what the others' plans expect of it.
    @Test(arguments: [(6, 1), (7, 3), (12, 4), (65, 64), (100, 48), (130, 2)])
    func whatOneSendsAnotherAwaits(worldSize: Int, ranksPerHost: Int) {
        let hosts = HostMap(labels: (0..<worldSize).map { $0 / ranksPerHost })
        let buckets = GradientBuckets(parameterCount: 40_000_000, hosts: hosts)
        let plans = (0..<worldSize).map { SlicePlan(buckets, hosts: hosts, rank: $0) }
        for bucket in buckets {
            var sent: [[Int]] = []
            var awaited: [[Int]] = []
            for rank in 0..<worldSize {
                sent += plans[rank].duties(of: rank, in: bucket).map {
                    [rank, $0.peer, $0.range.lowerBound, $0.range.upperBound]
                }
                awaited += plans[rank].speakers(in: bucket).map {
                    [$0.leg.peer, rank, $0.leg.range.lowerBound, $0.leg.range.upperBound]
                }
            }
            #expect(sent.sorted(by: precedes) == awaited.sorted(by: precedes))
            #expect(sent.allSatisfy { hosts.host(of: $0[0]) != hosts.host(of: $0[1]) })
        }
    }

    private func precedes(_ left: [Int], _ right: [Int]) -> Bool {
        left.lexicographicallyPrecedes(right)
    }
}
