import Testing

extension Jobs {
    /// As many ranks as some nodes have, on whatever cores there are.
    @Suite struct ManyRanksTests {
        @Test func aHundredAndTwentyEightRanksStartWithinAMinuteAndGiveTheBitsOfOne() async throws {
            let workspace = try await Workspace.prepared(size: 40_000)
            let keys =
                "train.lanes=128 train.global_batch_size=128 train.steps=3 evaluate.every_steps=0 "
                + "checkpoint.every_steps=0"
            let alone = try await workspace.pretrain("alone", keys)
            let start = ContinuousClock.now
            let many = try await workspace.pretrain(
                "many", keys, ranks: 128,
                // They take turns on the cores: who waits lets the others pass.
                environment: ["OMPI_MCA_mpi_yield_when_idle": "1"])
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            print("128 ranks started, took 3 steps, saved and ended in \(seconds) s")
            #expect(seconds < 60)
            #expect(try many.steps().count == 3)
            #expect(try many.steps() == alone.steps())
            #expect(try many.weights(3) == alone.weights(3))
            #expect(try many.moments(3) == alone.moments(3))
        }
    }
}
