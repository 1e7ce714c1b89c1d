import JSON
import Testing

extension Jobs {
    @Suite struct ProfileTests {
        @Test func theFirstStepsOfAStartTellWhereTheirTimeWent() async throws {
            let workspace = try await Workspace.prepared()
            let keys = ExchangeTests.sizes + "train.profile_steps=2 "
            let first = try await workspace.succeed(
                "pretrain --config recipe.yaml output=run train.stop_after_steps=1 " + keys)
            #expect((first.output + first.errors).contains("matrix products"))
            try await workspace.pretrain("run", keys + "--resume", ranks: 2)
            let steps = try RunFiles(path: workspace("run")).metrics("train")
            #expect(steps.map { $0["profile"] != nil } == [true, true, true, false])
            for step in steps.prefix(3) {
                let parts = try #require(step["profile"]?.object).compactMapValues(\.double)
                #expect(parts["matmul"] ?? 0 > 0 && parts["attention"] ?? 0 > 0)
                #expect(parts["optimizer"] ?? 0 > 0 && parts["cross_entropy"] ?? 0 > 0)
                let total = try #require(step["seconds"]?["total"]?.double)
                #expect(abs(parts.values.reduce(0, +) - total) < 1e-6)
            }
        }
    }
}
