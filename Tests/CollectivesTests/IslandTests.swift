import DistributedRuns
import Testing

extension DistributedTests {
    @Test(arguments: [
        (2, "2", "2 islands of 1 rank: [0, 0, 0, 1, 0, 1]"),
        (4, "2", "2 islands of 2 ranks: [0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1]"),
        (3, "3", "3 islands of 1 rank: [0, 0, 0, 1, 0, 1, 2, 0, 2]"),
    ]) func islandsAreWorldsOfTheirOwn(ranks: Int, count: String, line: String) async throws {
        let job = try await DistributedRun.of(
            "DistributedChecks", ["island-places", count], ranks: ranks)
        #expect(job.exitCode == 0, "\(job.errors)")
        #expect(job.output == line + "\n")
    }

    @Test func islandsThatDoNotDivideTheRanksAreRefusedByAllOfThem() async throws {
        let job = try await DistributedRun.of(
            "DistributedChecks", ["island-places", "2"], ranks: 3)
        #expect(job.exitCode == 64)
        #expect(job.messages.count == 1)
        #expect(
            job.messages.allSatisfy { $0.contains("train.islands does not divide the ranks") })
    }

    /// Gradients of two islands, in floats and in 8 bits, at once and overlapped, against plain Python.
    @Test(arguments: [2, 4, 6]) func outerStepsAreThoseOfTheReference(ranks: Int) async throws {
        let job = try await DistributedRun.of(
            "DistributedChecks", ["islands"], ranks: ranks, seconds: 300)
        #expect(job.exitCode == 0, "\(job.errors)")
        #expect(job.output == "islands of \(ranks / 2)\n")
    }

    @Test func anErrorOfOneIslandEndsAllAndIsToldOnceWithItsRank() async throws {
        let job = try await DistributedRun.of("DistributedChecks", ["island-fails"], ranks: 4)
        #expect(job.exitCode == 1)
        #expect(job.messages == ["swift-llm-train: rank 2: it diverged (step 3)"])
    }

    @Test func anErrorOfOneIslandWhereAllMeetIsAgreed() async throws {
        let job = try await DistributedRun.of("DistributedChecks", ["islands-agree"], ranks: 4)
        #expect(job.exitCode == 1)
        #expect(job.messages == ["swift-llm-train: rank 2: no memory (a node)"])
    }
}
