import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// What may change when a run goes on, its length and its lanes, and steps computed again after.
    @Suite struct ChangedScheduleTests {
        private func expectReplays(_ steps: [Int], _ workspace: Workspace) async throws {
            for step in steps {
                let replayed = try await workspace.run("replay --run run --step \(step)")
                #expect(replayed.exitCode == 0, "step \(step): \(replayed.errors)")
                #expect(replayed.output.contains("the same, bit for bit"), "step \(step)")
            }
        }

        @Test func aStepIsReplayedWithTheScheduleThatItHad() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.stop_after_steps=5")
            try await workspace.pretrain("run", "--resume train.steps=8")
            try await workspace.pretrain("run", "--resume train.steps=12")
            // Of the first schedule, of the second, and of the third.
            try await expectReplays([5, 7, 8, 12], workspace)
            // From the beginning through all three, where no checkpoint is left.
            try FileManager.default.removeItem(atPath: workspace("run/checkpoints"))
            try await expectReplays([7, 12], workspace)
        }

        @Test func lanesMayChangeAndAreKeptForReplay() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.lanes=2 train.stop_after_steps=6")
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml output=run --resume train.lanes=4 "
                    + "train.stop_after_steps=9", ranks: 4)
            #expect(
                run.errors.contains(
                    "warning: train.lanes was 2, is 4: from step 7 on gradients are added in "
                        + "another order"))
            let rest = try await workspace.succeed(
                "pretrain --config run/recipe.yaml --resume train.stop_after_steps=12", ranks: 3)
            #expect(!rest.errors.contains("train.lanes was"), "\(rest.errors)")
            try await expectReplays([6, 8, 11], workspace)
            // The lanes hold for what comes after, on any number of ranks.
            try await workspace.pretrain("one", "train.lanes=2 train.stop_after_steps=6")
            try await workspace.pretrain("one", "--resume train.lanes=4 train.stop_after_steps=12")
            let files = ["run", "one"].map { RunFiles(path: workspace($0)) }
            #expect(try files[0].weights(12) == files[1].weights(12))
        }

        @Test func aRunBegunOnOneRankGoesOnOnMore() async throws {
            let workspace = try await Workspace.prepared()
            let keys = "train.lanes=null evaluate.every_steps=0 "
            let whole = try await workspace.pretrain("whole", keys)
            let start = try await workspace.succeed(
                "pretrain --config recipe.yaml output=run \(keys) train.stop_after_steps=7")
            #expect(
                start.output.contains("train.lanes 3: the run gives the same bits on up to 3 ranks")
            )
            for (ranks, step) in [(2, 12), (3, 20)] {
                try await workspace.pretrain(
                    "run", keys + "--resume train.stop_after_steps=\(step)", ranks: ranks)
            }
            let run = RunFiles(path: workspace("run"))
            #expect(try run.weights(20) == whole.weights(20))
            #expect(try run.steps() == whole.steps())
            let four = try await workspace.run(
                "pretrain --config recipe.yaml output=run \(keys) --resume", ranks: 4)
            #expect(four.exitCode == 64)
            #expect(four.errors.contains("expected at most 3 ranks, got 4 (train.lanes)"))
        }
    }
}
