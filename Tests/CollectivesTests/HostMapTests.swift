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

    @Test func theOwnerSpeaksForItsOwnHost() {
        let map = HostMap(labels: [0, 0, 1, 1])
        for rank in 0..<4 {
            #expect(map.speaker(of: map.host(of: rank), forSlicesOf: rank) == rank)
        }
        // By slot, and dealt out: each rank has one partner on the other host.
        #expect(map.duties(of: 1) == [1, 3])
        #expect(map.duties(of: 2) == [2, 0])
        #expect(HostMap(labels: [0, 1, 0, 1]).duties(of: 2) == [2, 3])
    }

    @Test(arguments: [
        [0, 0, 1, 1], [0, 1, 0, 1, 0, 1], [0, 0, 0, 0, 1], [0, 1, 1, 1, 2, 2, 0, 0, 0],
        [0], [0, 0, 0], [0, 1, 2, 3],
    ])
    func theRanksOfAHostShareItsDuties(labels: [Int]) {
        let map = HostMap(labels: labels)
        for ranks in map.ranks {
            let duties = ranks.map(map.duties(of:))
            #expect(duties.joined().sorted() == Array(labels.indices))
            let counts = duties.map(\.count)
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        }
    }

    @Test func aMapIsToldInTheWordsOfUsers() {
        #expect("\(HostMap(labels: [0, 0, 1, 1]))" == "2 nodes of 2 ranks")
        #expect("\(HostMap(labels: [0, 0, 1]))" == "2 nodes of 1 to 2 ranks")
        #expect("\(HostMap(labels: [0]))" == "1 node of 1 rank")
    }
}
