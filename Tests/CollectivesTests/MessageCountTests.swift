import Collectives
import Testing

/// What a rank sends in a step does not grow with the number of ranks, but for a logarithm.
@Suite struct MessageCountTests {
    /// 4 x (buckets x hosts / ranks of a node + log2 R).
    private func most(_ bucketCount: Int, _ hosts: HostMap, rank: Int) -> Double {
        let perRank = Double(hosts.count) / Double(hosts.neighbours(of: rank).count)
        return 4 * (Double(bucketCount) * perRank + log2(hosts.worldSize))
    }

    private func log2(_ count: Int) -> Double {
        Double((0...).first { 1 << $0 >= count } ?? 0)
    }

    /// One lane a rank; a message counts where it is sent.
    @Test(arguments: EqualDutiesTests.worlds, EqualDutiesTests.ranksPerHost)
    func messagesOfAStepAreFew(worldSize: Int, ranksPerHost: Int) throws {
        let hosts = HostMap(labels: (0..<worldSize).map { $0 / ranksPerHost })
        let buckets = GradientBuckets(parameterCount: EqualDutiesTests.sizes[0], hosts: hosts)
        for rank in Set([0, ranksPerHost - 1, worldSize / 2, worldSize - 1]) {
            let plan = SlicePlan(buckets, hosts: hosts, rank: rank)
            let layout = try NodeLayout(
                tree: LaneTree(laneCount: worldSize), hosts: hosts, rank: rank)
            // Sums of the host's nodes to the owners, and own slices to those who speak for hosts.
            let sent = buckets.reduce(0) { sum, bucket in
                sum + plan.duties(of: rank, in: bucket).count * layout.partialSum.positions.count
                    + plan.speakers(in: bucket).count
            }
            // The norm with the losses, there and back, and the agreement on a stop.
            let all = Double(sent) + 3 * log2(worldSize)
            #expect(all <= most(buckets.count, hosts, rank: rank), "rank \(rank) of \(hosts)")
        }
    }

    /// The transport and the norm themselves, where no memory is shared.
    @Test(arguments: [2, 65, 100, 1000, 4096])
    func aReducerSendsWhatThePlanSays(worldSize: Int) throws {
        let hosts = HostMap.apart(worldSize: worldSize)
        let buckets = GradientBuckets(parameterCount: 20_000_000, hosts: hosts)
        let values = GradientBuffer.allocate(capacity: 20_000_000)
        defer { values.deallocate() }
        values.initialize(repeating: 0)
        for rank in Set([buckets[0].slices[0].owner, worldSize - 1]) {
            let communicator = CountingCommunicator(rank: rank, hosts: hosts)
            let reducer = try BucketReducer(
                communicator: communicator, buckets: buckets,
                tree: LaneTree(laneCount: worldSize))
            try reducer.allReduce([values])
            _ = try reducer.globalNorm()
            #expect(try communicator.agreedMaximum(of: 0) == 0)

            let plan = SlicePlan(buckets, hosts: hosts, rank: rank)
            let legs = buckets.flatMap {
                plan.duties(of: rank, in: $0) + plan.speakers(in: $0).map(\.leg)
            }
            let bytes = legs.reduce(0) { $0 + $1.range.count * MemoryLayout<Float>.stride }
            #expect(communicator.sent == .init(messages: legs.count, bytes: bytes))
            // In an all-reduce each rank gets as much as it sends.
            #expect(communicator.received == communicator.sent)
            #expect(communicator.peers.count <= 2 * hosts.count)
            let all = communicator.sent.messages + communicator.collective.messages
            #expect(Double(all) <= most(buckets.count, hosts, rank: rank))
            let chunkSums = 2 * 8 * buckets.chunkCount
            #expect(communicator.collective.bytes <= chunkSums + 8 * Int(log2(worldSize)))
        }
    }

    /// The number of connections: a rank talks to one of each other host, or a few.
    @Test(arguments: [(128, 8), (1000, 48), (4096, 64), (4096, 2)])
    func aRankTalksToAFewOfEachHost(worldSize: Int, ranksPerHost: Int) {
        let hosts = HostMap(labels: (0..<worldSize).map { $0 / ranksPerHost })
        let buckets = GradientBuckets(parameterCount: EqualDutiesTests.sizes[0], hosts: hosts)
        for rank in [0, worldSize / 2, worldSize - 1] {
            let plan = SlicePlan(buckets, hosts: hosts, rank: rank)
            let peers = buckets.flatMap { bucket in
                (plan.duties(of: rank, in: bucket) + plan.speakers(in: bucket).map(\.leg))
                    .map(\.peer)
            }
            #expect(Set(peers).count <= 12 * hosts.count, "rank \(rank): \(Set(peers).count)")
        }
    }
}
