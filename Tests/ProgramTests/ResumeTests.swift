import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// Runs that stop and go on as if nothing had been.
    @Suite struct ResumeTests {
        private func expectEqual(
            _ run: RunFiles, _ reference: RunFiles, at step: Int = 20, _ comment: Comment? = nil,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let location = sourceLocation
            let weights = try (run.weights(step), reference.weights(step))
            #expect(weights.0 == weights.1, comment, sourceLocation: location)
            let moments = try (run.moments(step), reference.moments(step))
            #expect(moments.0 == moments.1, comment, sourceLocation: location)
            #expect(try run.steps() == reference.steps(), comment, sourceLocation: location)
        }

        @Test func aResumedRunEqualsTheUninterruptedOneOnAnyNumberOfRanks() async throws {
            let workspace = try await Workspace.prepared()
            let whole = try await workspace.pretrain("whole", ranks: 2)
            // From, to: stopped on so many ranks, resumed on so many.
            let worlds: [(Int?, Int?)] = [(2, 2), (1, 3), (4, nil), (nil, 4)]
            for (index, (from, to)) in worlds.enumerated() {
                let output = "run-\(index)"
                let start = try await workspace.pretrain(
                    output, "train.stop_after_steps=7", ranks: from)
                #expect(try start.steps().count == 7)
                let run = try await workspace.pretrain(output, "--resume", ranks: to)
                try expectEqual(run, whole, "\(from ?? 0) ranks, then \(to ?? 0)")
                // The stop validated once more.
                let validations = try run.metrics("validation").filter {
                    $0["step"]?.integer != 7
                }
                #expect(try validations == whole.metrics("validation"))
            }
        }

        @Test func usr1StopsARunThatGoesOnExactly() async throws {
            let workspace = try await Workspace.prepared()
            // No machine comes to the end of it before the signal.
            let keys = "train.steps=1000000 checkpoint.every_steps=0 evaluate.every_steps=0 "
            let stopped = try await workspace.run(
                "pretrain --config recipe.yaml \(keys)", ranks: 2,
                signal: DistributedRun.Signal(
                    "USR1", afterLines: 10, of: workspace("run/metrics.jsonl")))
            #expect(stopped.exitCode == 75, "\(stopped.errors)")
            let start = RunFiles(path: workspace("run"))
            let step = try start.steps().count
            #expect(step >= 10)
            #expect(FileManager.default.fileExists(atPath: start.checkpoint(step)))

            let end = step + 20
            let rest = keys + "train.stop_after_steps=\(end) "
            let run = try await workspace.pretrain("run", rest + "--resume", ranks: 3)
            let whole = try await workspace.pretrain("whole", rest)
            #expect(try run.weights(end) == whole.weights(end))
            #expect(try run.steps() == whole.steps())
            #expect(try run.steps().count == end)
        }

        @Test func aKilledRunGoesOnFromItsLastCheckpoint() async throws {
            let workspace = try await Workspace.prepared()
            let keys = "train.steps=1000000 "
            let killed = try await workspace.run(
                "pretrain --config recipe.yaml \(keys)",
                signal: DistributedRun.Signal(
                    "KILL", afterLines: 12, of: workspace("run/metrics.jsonl")))
            #expect(killed.exitCode == 137)
            // The kernel dropped the lock with its holder.
            let end = workspace.lineCount("run/metrics.jsonl") + 10
            let rest = keys + "train.stop_after_steps=\(end) "
            let run = try await workspace.pretrain("run", rest + "--resume", ranks: 2)
            try await expectEqual(run, workspace.pretrain("whole", rest), at: end)
        }

        @Test func aSecondRunInTheSameDirectoryIsRefusedWhileTheFirstWorks() async throws {
            let workspace = try await Workspace.prepared()
            async let first = workspace.run(
                "pretrain --config recipe.yaml train.steps=1000000", ranks: 2,
                signal: DistributedRun.Signal("USR1", afterLines: 1, of: workspace("enough")))
            while !FileManager.default.fileExists(atPath: workspace("run/metrics.jsonl")) {
                try await Task.sleep(for: .milliseconds(20))
            }
            let second = try await workspace.run("pretrain --config recipe.yaml --resume")
            #expect(second.exitCode == 1)
            #expect(
                second.errors == "swift-llm-train: another run is at work in this directory (run); "
                    + "wait for it, stop it, or choose another output\n")
            try workspace.write("\n", to: "enough")
            #expect(try await first.exitCode == 75)
        }

        @Test func resumingNothingStartsAtStepZeroAndSaysSo() async throws {
            let workspace = try await Workspace.prepared()
            let whole = try await workspace.pretrain("whole")
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml --resume", ranks: 2)
            #expect(
                run.errors.contains(
                    "no complete checkpoint to resume from: starting at step 0"))
            try expectEqual(RunFiles(path: workspace("run")), whole)
        }

        @Test func aFinishedRunSaysThatNothingIsLeftToTrain() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5")
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml --resume train.steps=5")
            #expect(
                run.errors.contains(
                    "nothing to train: the run stands at step 5, its last is 5\n"))
        }

        @Test func theStoredRecipeGoesOnPastTheStepAtWhichOneStartEnded() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5 train.stop_after_steps=3")
            try await workspace.succeed("pretrain --config run/recipe.yaml --resume")
            let steps = try RunFiles(path: workspace("run")).steps()
            #expect(steps.map { $0["step"]?.integer } == Array(1...5))
        }

        @Test func whatIsNoModelDirectoryIsNamed() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run("generate --model run --prompt a")
            #expect(run.exitCode == 1)
            #expect(
                run.errors == "swift-llm-train: this is no model directory: expected config.json, "
                    + "got no such file (run); name one, such as RUN/checkpoints/latest\n")
        }

        @Test func aDirectoryWithARunIsRefusedWithoutResume() async throws {
            let workspace = try await Workspace.prepared()
            let before = try await workspace.pretrain("run", "train.steps=5").weights(5)
            let run = try await workspace.run("pretrain --config recipe.yaml", ranks: 2)
            #expect(run.exitCode == 64)
            #expect(
                run.messages == [
                    "swift-llm-train: rank 0: the output directory holds a run (run); add --resume "
                        + "to go on, or choose another output"
                ])
            #expect(try RunFiles(path: workspace("run")).weights(5) == before)
        }

        @Test func aChangedRecipeListsEveryDifference() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.stop_after_steps=5")
            let run = try await workspace.run(
                "pretrain --config recipe.yaml --resume seed=8 optimizer.beta1=0.8 "
                    + "train.micro_batch_size=3 checkpoint.every_steps=2")
            #expect(run.exitCode == 64)
            #expect(
                run.errors == "swift-llm-train: the recipe is not that of the run to resume: seed "
                    + "was 7, is 8; train.micro_batch_size was 2, is 3; optimizer.beta1 was 0.9, "
                    + "is 0.8; take these changes back, or start a new run with another output\n")
        }

        @Test func otherStepsAreAllowedWithAWarning() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5")
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml --resume train.steps=6")
            #expect(
                run.errors == "warning: train.steps was 5, is 6: the learning-rate schedule moves\n"
            )
            #expect(run.output.contains("\nresuming from run/checkpoints/step-00000005\n"))
            let steps = try RunFiles(path: workspace("run")).steps()
            #expect(steps.map { $0["step"]?.integer } == Array(1...6))
        }

        @Test func anAlteredCheckpointIsPassedOverForTheOneBefore() async throws {
            let workspace = try await Workspace.prepared()
            let whole = try await workspace.pretrain("whole")
            try await workspace.pretrain("run", "train.stop_after_steps=10")
            try workspace.damage(
                "run/checkpoints/step-00000010/optimizer.safetensors", at: 4000)
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml --resume", ranks: 2)
            #expect(run.errors.contains("passed over a checkpoint: the file is altered"))
            #expect(run.output.contains("resuming from run/checkpoints/step-00000005"))
            try expectEqual(RunFiles(path: workspace("run")), whole)
            let latest = try FileManager.default.destinationOfSymbolicLink(
                atPath: workspace("run/checkpoints/latest"))
            #expect(latest == "step-00000020")
        }

        /// Not the same run: new moments, steps from 1, but the weights of another one.
        @Test func aRunThatStartsFromAModelHasItsLoss() async throws {
            let workspace = try await Workspace.prepared()
            let first = try await workspace.pretrain("first").metrics("validation").last
            let learnt = try #require(first?["loss"]?.double)
            let run = try await workspace.pretrain(
                "second",
                "init.from=first/checkpoints/latest model.layer_count=null model.head_count=null "
                    + "model.embedding_size=null model.context_length=null train.steps=3 "
                    + "optimizer.learning_rate=1e-9 evaluate.every_steps=1", ranks: 2)
            #expect(try run.steps().map { $0["step"]?.integer } == [1, 2, 3])
            let again = try #require(run.metrics("validation").first?["loss"]?.double)
            #expect(abs(again - learnt) < 1e-5)
        }

        /// tokenizer.json comes last: without it some shards may be missing.
        @Test func aPreparationThatWasCutOffIsDoneAgain() async throws {
            let workspace = try await Workspace.prepared()
            let shard = try workspace.bytes("shards/train-00000.h5")
            try FileManager.default.removeItem(atPath: workspace("shards/tokenizer.json"))
            try FileManager.default.removeItem(atPath: workspace("shards/validation-00000.h5"))
            let command =
                "run recipe.yaml --resume phases=[prepare,pretrain] prepare.input=[text.txt] "
                + "prepare.output=shards tokenizer.path=tokenizer.json train.steps=3"
            try await workspace.succeed(command, ranks: 2)
            #expect(try workspace.bytes("shards/train-00000.h5") == shard)
            #expect(try RunFiles(path: workspace("run")).steps().count == 3)
        }

        @Test func aFinishedRunThatIsResumedStaysAsItIs() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5")
            let metrics = try workspace.bytes("run/metrics.jsonl")
            try await workspace.pretrain("run", "train.steps=5 --resume")
            #expect(try workspace.bytes("run/metrics.jsonl") == metrics)
        }
    }
}
