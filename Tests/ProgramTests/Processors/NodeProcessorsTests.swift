import Diagnostics
import Machine
import Runs
import Testing

/// What the ranks of a node get, and what is refused or warned of.
@Suite struct NodeProcessorsTests {
    /// Eight cores in two domains.
    private static let map = ProcessorMap(
        (0..<8).map { .init(number: $0, core: $0, domain: $0 / 4) })
    private static let all = ProcessorSet(0..<8)

    private func node(
        _ inherited: [ProcessorSet], threads: Int? = nil,
        _ change: (inout NodeProcessors) -> Void = { _ in }
    ) -> NodeProcessors {
        var node = NodeProcessors(map: Self.map, inherited: inherited)
        node.threadsPerRank = threads
        change(&node)
        return node
    }

    private func node(
        ranks: Int, threads: Int? = nil, _ change: (inout NodeProcessors) -> Void = { _ in }
    ) -> NodeProcessors {
        node(Array(repeating: Self.all, count: ranks), threads: threads, change)
    }

    @Test(arguments: [(1, 8), (2, 4), (3, 2), (8, 1), (9, 1)])
    func coresAreThreadsByDefault(ranks: Int, threads: Int) {
        let node = node(ranks: ranks)
        #expect((0..<ranks).allSatisfy { node.threadCount(of: $0) == threads })
        #expect(node.warnings.isEmpty == (ranks <= 8))
    }

    @Test func hardwareThreadsAreNoThreadsByDefault() {
        let doubled = ProcessorMap(
            (0..<8).map { .init(number: $0, core: $0 % 4, domain: 0) })
        let node = NodeProcessors(map: doubled, inherited: [Self.all])
        #expect(node.threadCount(of: 0) == 4)
    }

    @Test func aContainerGrantsTimeForSoMany() {
        let container = node(ranks: 2) { $0.containerCores = 5.5 }
        #expect(container.threadCount(of: 0) == 2)
        #expect(node(ranks: 2) { $0.containerCores = 0.5 }.threadCount(of: 1) == 1)
        #expect(node(ranks: 2, threads: 4) { $0.containerCores = 2 }.threadCount(of: 0) == 4)
    }

    @Test func moreThreadsThanProcessorsAreRefusedWithTheNumberThatFits() throws {
        let one = node([ProcessorSet([3]), ProcessorSet([4, 5, 6])], threads: 3)
        let failure = try #require(throws: Failure.self) { try one.requireProcessors(of: 0) }
        #expect(
            failure.line
                == "train.threads_per_rank is more than a rank has processors: expected at most 1, "
                + "for a rank that may use processor 3, got 3; lower it, start the ranks with more "
                + "(mpirun --bind-to none, srun --cpus-per-task), or let the threads take turns: "
                + "train.oversubscribe=true")
        #expect(failure.kind == .usage)
        #expect(failure.keys == ["train.threads_per_rank"])
        try one.requireProcessors(of: 1)
        try node([ProcessorSet([3])], threads: 3) { $0.mayOversubscribe = true }
            .requireProcessors(of: 0)
        try node([ProcessorSet([3])]).requireProcessors(of: 0)
    }

    @Test func ranksThatTogetherExceedTheNodeAreWarnedOf() throws {
        let full = node(ranks: 2, threads: 4)
        #expect(full.warnings.isEmpty)
        let crowded = node(ranks: 2, threads: 5)
        try crowded.requireProcessors(of: 0)
        #expect(
            crowded.warnings == [
                "2 ranks of 5 threads share 8 processors: they will wait for one another"
            ])
        let bound = node([ProcessorSet([1]), ProcessorSet([1])])
        #expect(
            bound.warnings == [
                "2 ranks of 1 thread share 1 processor: they will wait for one another"
            ])
    }

    @Test func processorsThatALauncherLeavesIdleAreTold() {
        let alone = node([ProcessorSet([0])]) { $0.isBoundByLauncher = true }
        #expect(
            alone.warnings == [
                "mpirun keeps the 1 rank of this node to 1 of its 8 processors; --bind-to none gives "
                    + "it all"
            ])
        #expect(alone.threadCount(of: 0) == 1, "and it is not overruled")
        #expect(node([ProcessorSet([0])]).warnings.isEmpty, "the user, or a batch system")
        let asked = node([ProcessorSet([0])], threads: 1) { $0.isBoundByLauncher = true }
        #expect(asked.warnings.isEmpty)
    }
}
