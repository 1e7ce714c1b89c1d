import DistributedRuns
import Testing

/// Facts about ranks that talk, each on a real MPI job of `DistributedChecks`.
///
/// Serialized with every other suite of jobs: two cores carry one job at a time.
@Suite(.serialized) struct DistributedTests {
    static let rankCounts = [1, 2, 3, 4]

    @Test(arguments: rankCounts) func ranksKnowTheirPlace(ranks: Int) async throws {
        let numbers = Array(0..<ranks)
        try await expect(
            "world", ranks, prints: "ranks \(numbers) of \(ranks), local ranks \(numbers)")
    }

    @Test(arguments: [
        (1, "[1, -1] [1, -1] [1, 10] [1e+16] [0.5] [nan]"),
        (2, "[1, -2] [2, -1] [3, 30] [1e+16] [1.0] [nan]"),
        (3, "[1, -3] [3, -1] [6, 60] [1e+16] [1.5] [nan]"),
        (4, "[1, -4] [4, -1] [10, 100] [1e+16] [2.0] [nan]"),
    ])
    func smallReductionsAreExactAndInRankOrder(ranks: Int, line: String) async throws {
        try await expect("values", ranks, prints: line)
    }

    @Test(arguments: rankCounts) func broadcastsOfOddSizesArrive(ranks: Int) async throws {
        try await expect("broadcast", ranks, prints: "broadcast")
    }

    @Test(arguments: rankCounts) func slicesOfUnequalSizesAreGathered(ranks: Int) async throws {
        try await expect("gather", ranks, prints: "gather")
    }

    @Test(arguments: rankCounts) func clocksThatAreWrongAreFoundToBe(ranks: Int) async throws {
        try await expect("clocks", ranks, prints: "clocks")
    }

    @Test(arguments: rankCounts) func listsOfAllLengthsAreCollected(ranks: Int) async throws {
        try await expect("collected", ranks, prints: "collected")
    }

    @Test(arguments: rankCounts) func longMessagesTravelInPieces(ranks: Int) async throws {
        try await expect("pieces", ranks, prints: "pieces")
    }

    @Test(arguments: rankCounts)
    func aStepIsSkippedInTheSameWayWithAShardedOptimizer(ranks: Int) async throws {
        try await expect("skipped-step", ranks, prints: "skipped")
    }

    @Test(arguments: [
        (2, "one"), (3, "one"), (4, "one"), (3, "halves"), (4, "halves"), (4, "others"),
    ])
    func gradientsInARingGiveTheBitsOfWholeLists(ranks: Int, hosts: String) async throws {
        let job = try await DistributedRun.of(
            "DistributedChecks", ["gradient-ring", hosts], ranks: ranks, seconds: 150)
        #expect(job.exitCode == 0 && job.output == "ring\n", "\(job.errors)")
    }

    @Test func failureOfOneRankIsAgreedAndToldOnceWithItsNumber() async throws {
        let job = try await DistributedRun.of("DistributedChecks", ["one-fails"], ranks: 3)
        #expect(job.exitCode == 1)
        #expect(job.messages == ["swift-llm-train: rank 2: cannot read (shard-3.h5)"])
    }

    @Test(arguments: [nil, 1, 4])
    func failureOfAllRanksIsToldOnceWithoutNumber(ranks: Int?) async throws {
        let job = try await DistributedRun.of("DistributedChecks", ["all-fail"], ranks: ranks)
        #expect(job.exitCode == 64)
        #expect(job.messages == ["swift-llm-train: unknown key (recipe.yaml)"])
    }

    @Test func failureWhileOthersWaitEndsAllRanks() async throws {
        let start = ContinuousClock.now
        let job = try await DistributedRun.of("DistributedChecks", ["abort"], ranks: 4)
        #expect(job.exitCode == 1)
        #expect(job.messages == ["swift-llm-train: rank 3: the disk is full"])
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    /// srun and mpirun end all ranks when one has ended with a code other than 0.
    @Test(arguments: [nil, 2])
    func aRankThatIsAboutToEndKeepsItsExitCode(ranks: Int?) async throws {
        let job = try await DistributedRun.of("DistributedChecks", ["ends-slowly"], ranks: ranks)
        #expect(job.exitCode == 75, "\(job.errors)")
    }

    @Test func messageThatIsTooShortIsAnError() async throws {
        let job = try await DistributedRun.of("DistributedChecks", ["short"], ranks: 2)
        #expect(job.exitCode == 1)
        #expect(
            job.messages == [
                "swift-llm-train: rank 0: MPI failed: got a message is shorter than its receive "
                    + "buffer (MPI_Testsome)"
            ])
    }

    @Test func withoutLauncherThereIsOneRankAndNoMPI() async throws {
        let job = try await DistributedRun.of("DistributedChecks", ["world"], ranks: nil)
        #expect(job.exitCode == 0, "\(job.errors)")
        #expect(job.output == "ranks [0] of 1, local ranks [0]\n")
    }

    @Test(arguments: [0, 1])
    func launcherOfAnotherMPIIsRefusedByRankZero(rank: Int) async throws {
        let job = try await DistributedRun.of(
            "DistributedChecks", ["world"], ranks: nil,
            environment: ["PMI_SIZE": "3", "PMI_RANK": "\(rank)"])
        #expect(job.exitCode == 1)
        #expect(job.output == "")
        #expect(job.messages.count == (rank == 0 ? 1 : 0))
        #expect(job.messages.allSatisfy { $0.contains("expected 3 ranks") })
    }

    @Test func slurmTasksWithoutPMIAreRefused() async throws {
        let job = try await DistributedRun.of(
            "DistributedChecks", ["world"], ranks: nil,
            environment: ["SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0"])
        #expect(job.exitCode == 1)
        #expect(job.messages.count == 1)
        #expect(job.messages.allSatisfy { $0.contains("srun started 4 tasks") })
    }

    @Test func reductionHasTheSameBitsOnAnyNumberOfRanks() async throws {
        var linesOfOneRank: [Substring] = []
        for ranks in Self.rankCounts + [5, 8] {
            let job = try await DistributedRun.of(
                "DistributedChecks", ["reduction"], ranks: ranks, seconds: 180)
            #expect(job.exitCode == 0, "\(job.errors)")
            let lines = job.output.split(separator: "\n")
            if ranks == 1 { linesOfOneRank = lines }
            // On R ranks the lane counts begin at R; every line is a lane count and a hash.
            #expect(lines.count == 9 - ranks)
            #expect(lines == linesOfOneRank.suffix(9 - ranks))
        }
        #expect(Set(linesOfOneRank.map { $0.suffix(8) }).count == 8)
    }

    @Test(arguments: [1, 2, 3, 5]) func compactSumsAreNearTheExactOnesAndEqualOnAllRanks(
        ranks: Int
    ) async throws {
        try await expect("compact", ranks, prints: "compact")
    }

    @Test(arguments: [2, 3, 4]) func ranksOfANodeShareMemory(ranks: Int) async throws {
        try await expect("shared-memory", ranks, prints: "shared memory")
    }

    @Test func memoryThatIsTooSmallIsAgreedAndNamed() async throws {
        try await expect(
            "shared-memory-too-large", 4,
            prints: """
                it takes  bytes of /dev/shm, which has  to spare
                it takes  bytes of /dev/shm on the node of rank , which has  to spare
                """)
    }

    @Test func nonFiniteGradientOfOneRankIsSkippedByAllAndNamed() async throws {
        let job = try await DistributedRun.of("DistributedChecks", ["not-finite"], ranks: 3)
        #expect(job.exitCode == 0, "\(job.errors)")
        #expect(job.output.contains("updates [2, 2, 2]"))
        #expect(
            job.output.contains(
                "step 2 skipped: loss 2.")
                && job.output.contains(
                    ", gradient norm nan, first bad gradient transformer.wte.weight, batch sequences "
                        + "0 (tokens ")
        )
    }

    @Test func gradientsThatTheLastMicroBatchDoesNotReachHaveTheSameBitsOnAnyNumberOfRanks()
        async throws
    {
        var lines: Set<String> = []
        let privately = Self.rankCounts.map { ($0, "private") }
        for (ranks, memory) in privately + [(2, "shared"), (3, "shared")] {
            let job = try await DistributedRun.of(
                "DistributedChecks", ["late-gradients", memory], ranks: ranks)
            #expect(job.exitCode == 0, "\(job.errors)")
            lines.insert(job.output)
        }
        #expect(lines.count == 1 && lines.first?.isEmpty == false, "\(lines)")
    }

    @Test(arguments: [1, 2, 3]) func theyAreNearTheseInMessagesOfHalfTheSize(
        ranks: Int
    ) async throws {
        try await expect("compact-late-gradients", ranks, prints: "late gradients")
    }

    /// The update that comes next finds it.
    @Test(arguments: 0..<3) func flippedBitOfOneRankIsNamedAndNotSaved(rank: Int) async throws {
        #expect(try await flipFound(by: rank, "none") == "the last update wrote")
    }

    /// One of three ranks updates the weight, and the others get it from this one.
    @Test func flippedBitOfWhatAnotherRankUpdatesIsNamedAndNotSaved() async throws {
        var origins: [String] = []
        for rank in 0..<3 { origins.append(try await flipFound(by: rank, "zero1")) }
        #expect(
            origins.sorted() == [
                "its owner has sent", "its owner has sent", "the last update wrote",
            ])
    }

    /// - Returns: what the bits were compared with.
    private func flipFound(by rank: Int, _ sharding: String) async throws -> String {
        let job = try await DistributedRun.of(
            "DistributedChecks", ["bit-flip", sharding, "\(rank)"], ranks: 3)
        #expect(job.exitCode == 1)
        #expect(job.messages.count == 1, "\(job.errors)")
        let line = try #require(job.messages.first)
        #expect(line.contains("rank \(rank): a bit of the memory has flipped: "), "\(line)")
        let pattern = /expected what (.+), got other bits in elements 0\.\.<256 \((.+), host .+/
        let words = try #require(line.firstMatch(of: pattern), "\(line)")
        #expect(words.output.2 == "transformer.h.0.mlp.c_fc.weight")
        return String(words.output.1)
    }

    @Test func flippedBitOfAReplicaIsNamedBeforeASave() async throws {
        try await expect("replicas", 3, prints: "replicas")
    }

    private func expect(_ check: String, _ ranks: Int, prints line: String) async throws {
        let job = try await DistributedRun.of("DistributedChecks", [check], ranks: ranks)
        #expect(job.exitCode == 0, "\(job.errors)")
        #expect(job.output == line + "\n")
        #expect(job.errors == "")
    }
}
