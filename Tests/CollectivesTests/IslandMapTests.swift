import Collectives
import Diagnostics
import Testing

@Suite struct IslandMapTests {
    @Test func hostsAreDealtOutWholeInTheirOrder() throws {
        let hosts = HostMap(labels: [0, 0, 1, 1, 2, 2, 3, 3])
        let pairs = [[0, 1], [2, 3], [4, 5], [6, 7]]
        #expect(try IslandMap(count: 4, hosts: hosts).ranks == pairs)
        #expect(try IslandMap(count: 2, hosts: hosts).ranks == [[0, 1, 2, 3], [4, 5, 6, 7]])
        #expect(try IslandMap(count: 1, hosts: hosts).ranks == [Array(0..<8)])
    }

    @Test func ranksThatAreDealtOutByNodeComeToTheIslandsOfTheirHosts() throws {
        let hosts = HostMap(labels: [0, 1, 0, 1])
        let map = try IslandMap(count: 2, hosts: hosts)
        #expect(map.ranks == [[0, 2], [1, 3]])
        #expect((0..<4).map(map.island(of:)) == [0, 1, 0, 1])
    }

    @Test func aHostMayHoldSeveralIslands() throws {
        let hosts = HostMap(labels: [0, 0, 0, 0, 1, 1, 1, 1])
        let pairs = [[0, 1], [2, 3], [4, 5], [6, 7]]
        #expect(try IslandMap(count: 4, hosts: hosts).ranks == pairs)
        #expect(try IslandMap(count: 8, hosts: hosts).ranks == (0..<8).map { [$0] })
    }

    @Test func islandsThatDoNotDivideTheRanksAreRefusedWithThoseThatDo() {
        let hosts = HostMap(labels: [0, 0, 1, 1, 2, 2])
        let failure = #expect(throws: Failure.self) { try IslandMap(count: 4, hosts: hosts) }
        #expect(
            failure?.line == "train.islands does not divide the ranks: expected a divisor of 6, "
                + "got 4; use train.islands=1 or 3 or 6, or start another number of ranks")
        #expect(failure?.exitCode == 64)
    }

    /// Two hosts of three ranks do not make three islands: the second would be on both.
    @Test func anIslandOfPartsOfHostsIsRefused() {
        let hosts = HostMap(labels: [0, 0, 0, 1, 1, 1])
        let failure = #expect(throws: Failure.self) { try IslandMap(count: 3, hosts: hosts) }
        #expect(failure?.what == "train.islands cuts a host in two")
        #expect(failure?.got == "3 islands on 2 nodes of 3 ranks")
        // One host more than the islands: 4 + 2 ranks are not three of two whole hosts.
        let uneven = HostMap(labels: [0, 0, 0, 0, 1, 1])
        #expect(throws: Failure.self) { try IslandMap(count: 2, hosts: uneven) }
        #expect((try? IslandMap(count: 3, hosts: uneven))?.ranks == [[0, 1], [2, 3], [4, 5]])
    }
}
