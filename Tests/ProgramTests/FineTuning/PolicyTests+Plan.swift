import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs.PolicyTests {
    /// A reward model and a second copy, which a plan does not load.
    @Test func aPlanCountsModelsThatStayInMemory() async throws {
        let base = "base/checkpoints/latest"
        let workspace = try await Self.workspace("{kind: model, path: \(base)}")
        let tensors = try workspace.tensors(base)
        let weights = tensors.values.reduce(0) { $0 + $1.count }
        let head = try #require(tensors["transformer.ln_f.weight"]).count
        for (trained, copies) in [("lora", 0), ("all", 1)] {
            let planned = try await workspace.succeed(
                "plan policy.yaml --json finetune.policy.kl=0.05 finetune.trained=\(trained)")
            let plan = try JSONValue(parsing: Array(planned.output.utf8), at: "plan")
            #expect(
                plan["memory_by_kind"]?["other_models"]?.integer
                    == 4 * (weights + head) + 4 * copies * weights, "\(planned.output)")
        }
    }
}
