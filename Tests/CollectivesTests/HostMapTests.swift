import Collectives
import Testing

@Suite struct HostMapTests {
    @Test func hostsStandInTheOrderOfTheirFirstRanks() {
        let map = HostMap(labels: [7, 3, 7, 3, 3])
        #expect(map.ranks == [[0, 2], [1, 3, 4]])
        #expect((0..<5).map(map.host(of:)) == [0, 1, 0, 1, 1])
        #expect(map.neighbours(of: 3) == [1, 3, 4])
        #expect(map.localRank(of: 4) == 2)
        #expect(HostMap.apart(worldSize: 2).ranks == [[0], [1]])
    }

    @Test func workIsDealtOutNodeByNodeAndThenRankByRank() {
        #expect(HostMap(labels: [0, 0, 1, 1]).dealingOrder == [0, 2, 1, 3])
        #expect(HostMap(labels: [0, 1, 0, 1]).dealingOrder == [0, 1, 2, 3])
        // The one rank of the last node comes in the middle, as the middle of three does.
        #expect(HostMap(labels: [0, 0, 0, 1]).dealingOrder == [0, 1, 3, 2])
    }

    /// Whoever the last ones are: no node is a whole rank above its part.
    @Test(arguments: [(64, 8), (65, 64), (100, 48), (37, 5), (9, 2), (130, 64), (50, 50)])
    func noNodeIsARankAheadOfItsPart(worldSize: Int, ranksPerHost: Int) {
        let hosts = HostMap(labels: (0..<worldSize).map { $0 / ranksPerHost })
        var counts = Array(repeating: 0, count: hosts.count)
        for (count, rank) in hosts.dealingOrder.enumerated() {
            let host = hosts.host(of: rank)
            counts[host] += 1
            let part = Double((count + 1) * hosts.ranks[host].count) / Double(worldSize)
            #expect(Double(counts[host]) < part + 1, "\(count), \(host)")
        }
    }

    @Test func aMapIsToldInTheWordsOfUsers() {
        #expect("\(HostMap(labels: [0, 0, 1, 1]))" == "2 nodes of 2 ranks")
        #expect("\(HostMap(labels: [0, 0, 1]))" == "2 nodes of 1 to 2 ranks")
        #expect("\(HostMap(labels: [0]))" == "1 node of 1 rank")
    }
}
