import Testing

extension Jobs {
    /// Memory saved for time, with the same weights.
    @Suite struct RecomputeTests {
        @Test(arguments: ["fp32", "bf16"])
        func blocksComputedAgainGiveTheSameBits(precision: String) async throws {
            let workspace = try await Workspace.prepared()
            let keys = ExchangeTests.sizes + "train.precision=\(precision) "
            let kept = try await workspace.pretrain("kept", keys)
            for ranks in [1, 2] {
                let run = try await workspace.pretrain(
                    "again-\(ranks)", keys + "train.recompute=blocks", ranks: ranks)
                #expect(try run.weights(4) == kept.weights(4), "\(ranks) ranks")
                #expect(try run.steps() == kept.steps(), "\(ranks) ranks")
            }
        }
    }
}
