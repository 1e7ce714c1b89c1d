import Machine
import Testing

/// The processors of each rank, on machines that are not this one.
@Suite struct ProcessorShareTests {
    /// A machine of `domains`, each of `cores` with two hardware threads where `isDoubled`, numbered as
    /// Linux does: first threads of all cores, then the second ones.
    private static func machine(domains: Int, cores: Int, isDoubled: Bool = false) -> ProcessorMap {
        let total = domains * cores
        return ProcessorMap(
            (0..<total).flatMap { core in
                (isDoubled ? [core, total + core] : [core]).map {
                    .init(number: $0, core: core, domain: core / cores)
                }
            })
    }

    private static func shares(
        _ map: ProcessorMap, ranks: Int, of set: ProcessorSet? = nil, threads: Int? = nil
    ) -> [String] {
        let set = set ?? ProcessorSet(map.processors.map(\.number))
        return map.shares(of: Array(repeating: set, count: ranks), threadCount: threads)
            .map { "\($0.processors)" }
    }

    @Test func coresAreToldFromHardwareThreads() {
        let map = Self.machine(domains: 2, cores: 4, isDoubled: true)
        #expect(map.processors.count == 16 && map.coreCount == 8 && map.domainCount == 2)
        let cores = map.cores(of: ProcessorSet([1, 9, 10]))
        #expect(cores.map(\.processors) == [[1, 9], [10]])
    }

    @Test func ranksWithTheSameProcessorsShareOutTheCores() {
        let map = Self.machine(domains: 1, cores: 8)
        #expect(Self.shares(map, ranks: 1) == ["0-7"])
        #expect(Self.shares(map, ranks: 2) == ["0-3", "4-7"])
        #expect(Self.shares(map, ranks: 3) == ["0-1", "2-4", "5-7"])
        #expect(Self.shares(map, ranks: 8) == (0..<8).map(String.init))
    }

    @Test func bothThreadsOfACoreGoToOneRank() {
        let map = Self.machine(domains: 1, cores: 4, isDoubled: true)
        #expect(Self.shares(map, ranks: 4) == ["0,4", "1,5", "2,6", "3,7"])
        #expect(Self.shares(map, ranks: 2) == ["0-1,4-5", "2-3,6-7"])
    }

    /// Of one domain only six cores are granted: a rank a domain is no cut through the middle.
    @Test func aRankADomainHasThatDomain() {
        let map = Self.machine(domains: 2, cores: 8)
        let some = ProcessorSet((0..<6).map { $0 } + (8..<16).map { $0 })
        #expect(Self.shares(map, ranks: 2, of: some) == ["0-5", "8-15"])
        #expect(Self.shares(map, ranks: 4, of: some) == ["0-2", "3-5", "8-11", "12-15"])
        #expect(Self.shares(map, ranks: 1, of: some) == ["0-5,8-15"])
    }

    /// A system may number the cores of its domains in turn.
    @Test func coresOfOneDomainStandTogether() {
        let map = ProcessorMap(
            (0..<8).map { .init(number: $0, core: $0, domain: $0 % 2) })
        #expect(Self.shares(map, ranks: 2) == ["0,2,4,6", "1,3,5,7"])
    }

    @Test func aRankKeepsProcessorsOfItsOwn() {
        let map = Self.machine(domains: 2, cores: 4)
        let own = [ProcessorSet([2]), ProcessorSet([4, 5, 6, 7]), ProcessorSet([2])]
        let shares = map.shares(of: own)
        #expect(shares.map { "\($0.processors)" } == ["2", "4-7", "2"])
        #expect(shares.map(\.rankCount) == [2, 1, 2])
    }

    /// Nothing is widened, whatever is asked for.
    @Test(arguments: [1, 2, 5, 16, 64], [nil, 1, 3, 100])
    func noShareIsLargerThanWhatWasGranted(ranks: Int, threads: Int?) {
        let map = Self.machine(domains: 2, cores: 8, isDoubled: true)
        let granted = ProcessorSet([3, 4, 5, 19, 20, 30])
        for share in map.shares(
            of: Array(repeating: granted, count: ranks), threadCount: threads)
        {
            #expect(!share.cores.isEmpty)
            #expect(share.processors.numbers.allSatisfy(granted.contains))
            let places = share.places(threadCount: threads ?? 1)
            #expect(places.count == threads ?? 1)
            #expect(places.allSatisfy { !$0.isEmpty })
            #expect(places.flatMap(\.numbers).allSatisfy(granted.contains))
        }
    }

    @Test func moreRanksThanCoresTakeTurnsOnAll() {
        let map = Self.machine(domains: 1, cores: 2)
        #expect(Self.shares(map, ranks: 3) == ["0-1", "0-1", "0-1"])
        #expect(Self.shares(map, ranks: 2, threads: 2) == ["0-1", "0-1"])
        let shares = map.shares(
            of: Array(repeating: ProcessorSet([0, 1]), count: 2), threadCount: 2)
        #expect(shares[0].places(threadCount: 2) == [ProcessorSet([0, 1]), ProcessorSet([0, 1])])
    }

    @Test func eachThreadHasACoreOfItsOwnElseAHardwareThread() {
        let map = Self.machine(domains: 1, cores: 3, isDoubled: true)
        let share = map.shares(of: [ProcessorSet(0..<6)])[0]
        func places(_ count: Int) -> [String] {
            share.places(threadCount: count).map { "\($0)" }
        }
        #expect(places(2) == ["0,3", "1,4"])
        #expect(places(3) == ["0,3", "1,4", "2,5"])
        #expect(places(5) == ["0", "1", "2", "3", "4"])
        #expect(places(7) == Array(repeating: "0-5", count: 7))
    }

    /// hwloc shows a machine of another kind where it is told to; a processor that it does not know
    /// counts as a core.
    @Test func aProcessorOffTheMapIsACore() {
        let map = Self.machine(domains: 1, cores: 2)
        #expect(Self.shares(map, ranks: 2, of: ProcessorSet([0, 1, 7, 9])) == ["0-1", "7,9"])
    }

    @Test func thisMachineHasItsProcessors() {
        let map = ProcessorMap.ofMachine
        #expect(map.processors.count >= ProcessorSet.onlineCount)
        #expect((1...map.processors.count).contains(map.coreCount))
        #expect((1...map.coreCount).contains(map.domainCount))
        #expect(ProcessorSet.inherited.numbers.allSatisfy(map.allowed.contains))
        #expect(Set(map.processors.map(\.number)).count == map.processors.count)
    }
}
