import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// What a fine-tuning leaves can be gone on from, computed again and looked at.
    @Suite struct FineTuneRunTests {
        private static let recipe = """
            name: told
            phases: [finetune]
            finetune:
              task: classification
              from: run/checkpoints/latest
              data: [texts.tsv]
              trained: all
              train: {global_batch_size: 4, micro_batch_size: 2, steps: 6, lanes: 2}
              checkpoint: {every_steps: 2, keep_last: 0}

            """

        private func workspace() async throws -> Workspace {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=2 optimizer.warmup_steps=1")
            let rows = (0..<30).map { $0 % 2 == 0 ? "praise\tsweet lord" : "order\tcome not" }
            try workspace.write(rows.joined(separator: "\n"), to: "texts.tsv")
            try workspace.write(Self.recipe, to: "told.yaml")
            return workspace
        }

        @Test func aStoppedRunGoesOnFromItsOwnRecipe() async throws {
            let workspace = try await workspace()
            let half = "finetune --config told.yaml output=half finetune.train.stop_after_steps=3"
            try await workspace.succeed("finetune --config told.yaml output=whole")
            try await workspace.succeed(half)
            try await workspace.succeed("finetune --config half/finetune/recipe.yaml --resume")
            let weights = try ["half", "whole"].map {
                try RunFiles(path: workspace("\($0)/finetune")).weights(6)
            }
            #expect(weights[0] == weights[1])

            let replayed = try await workspace.succeed("replay --run half/finetune --step 5")
            #expect(replayed.output.contains("the same, bit for bit"))
            #expect(replayed.output.contains("sequence 0: texts.tsv, line "))
        }

        @Test func inspectTellsClassesAndAdapters() async throws {
            let workspace = try await workspace()
            try await workspace.succeed(
                "finetune --config told.yaml output=low finetune.trained=lora lora.dora=true")
            let report = try await workspace.succeed("inspect low/finetune/checkpoints/latest")
            for line in ["method           DoRA, rank 8", "classes          order, praise"] {
                #expect(report.output.contains(line), "\(report.output)")
            }
            #expect(report.output.contains("run/checkpoints/step-00000002: gpt2 with 2 layers"))
            // The directory around the merged model is made.
            try await workspace.succeed(
                "merge --adapter low/finetune/checkpoints/latest --output models/merged")
            let phases = try await workspace.succeed("inspect low")
            #expect(phases.output.contains("finished phases  finetune"))
        }
    }
}
