import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// A stored recipe means its run, wherever that lies and wherever the program is started.
    @Suite struct MovedRunTests {
        private static let keys = "evaluate.every_steps=0 "

        private func move(_ old: String, to new: String, in workspace: Workspace) throws {
            let new = URL(filePath: workspace(new))
            try FileManager.default.createDirectory(
                at: new.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.moveItem(at: URL(filePath: workspace(old)), to: new)
        }

        private func resume(
            _ recipe: String, in folder: String, _ workspace: Workspace
        ) async throws -> DistributedRun {
            try FileManager.default.createDirectory(
                atPath: workspace(folder), withIntermediateDirectories: true)
            return try await DistributedRun.of(
                "swift-llm-train", ["pretrain", "--config", recipe, "--resume"], ranks: nil,
                folder: workspace(folder))
        }

        private func expectEnd(
            _ run: DistributedRun, _ path: String, _ workspace: Workspace, _ whole: RunFiles,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let place = sourceLocation
            #expect(run.exitCode == 0, "\(run.errors)", sourceLocation: place)
            #expect(run.output.contains("resuming from"), sourceLocation: place)
            let files = RunFiles(path: workspace(path))
            #expect(try files.weights(20) == whole.weights(20), sourceLocation: place)
            #expect(try files.steps() == whole.steps(), sourceLocation: place)
        }

        @Test func aMovedRunGoesOnFromAnyDirectoryByItsOwnRecipe() async throws {
            let workspace = try await Workspace.prepared()
            let whole = try await workspace.pretrain("whole", Self.keys)
            try await workspace.pretrain("run", Self.keys + "train.stop_after_steps=7")
            try move("run", to: "else/where/moved", in: workspace)
            let run = try await resume(
                workspace("else/where/moved/recipe.yaml"), in: "third", workspace)
            try expectEnd(run, "else/where/moved", workspace, whole)
            #expect(!FileManager.default.fileExists(atPath: workspace("third/run")))
            // The same by a relative path, from inside, and by the directory.
            for recipe in ["recipe.yaml", "."] {
                let again = try await resume(recipe, in: "else/where/moved", workspace)
                #expect(again.errors.contains("nothing to train: the run stands at step 20"))
            }
            let replayed = try await workspace.succeed("replay --run else/where/moved --step 9")
            #expect(replayed.output.contains("the same, bit for bit"))
        }

        @Test func aRunMovesWithItsShardsInside() async throws {
            let workspace = try await Workspace.prepared()
            let keys = Self.keys + "data.train=run/shards data.validation=run/shards "
            let shards = URL(filePath: workspace("shards"))
            for name in ["run", "whole"] {
                try FileManager.default.createDirectory(
                    atPath: workspace(name), withIntermediateDirectories: true)
                try FileManager.default.copyItem(
                    at: shards, to: URL(filePath: workspace("\(name)/shards")))
            }
            let whole = try await workspace.pretrain(
                "whole", keys.replacing("run/", with: "whole/"))
            try await workspace.pretrain("run", keys + "train.stop_after_steps=7")
            try FileManager.default.removeItem(at: shards)
            try move("run", to: "far/moved", in: workspace)
            let run = try await resume(
                workspace("far/moved/checkpoints/latest/recipe.yaml"), in: "third", workspace)
            try expectEnd(run, "far/moved", workspace, whole)
        }

        @Test func aWholeProjectMoves() async throws {
            let workspace = try await Workspace.prepared()
            for name in ["shards", "recipe.yaml"] {
                try move(name, to: "project/\(name)", in: workspace)
            }
            for (output, keys) in [("whole", ""), ("runs/run", "train.stop_after_steps=7")] {
                let run = try await DistributedRun.of(
                    "swift-llm-train",
                    ["pretrain", "--config", "recipe.yaml", "evaluate.every_steps=0"]
                        + ["output=\(output)"] + (keys.isEmpty ? [] : [keys]), ranks: nil,
                    folder: workspace("project"))
                #expect(run.exitCode == 0, "\(run.errors)")
            }
            try move("project", to: "new/place", in: workspace)
            let run = try await resume(
                workspace("new/place/runs/run/recipe.yaml"), in: "third", workspace)
            try expectEnd(
                run, "new/place/runs/run", workspace,
                RunFiles(path: workspace("new/place/whole")))
        }

        /// Only where nothing stands at the old place does the new one count.
        @Test func aPlaceThatCannotBeLookedAtIsNotTakenForAnEmptyOne() async throws {
            let workspace = try await Workspace.prepared()
            try move("shards", to: "old/shards", in: workspace)
            let shards = "data.train=old/shards data.validation=old/shards "
            try await workspace.pretrain(
                "old/run", Self.keys + shards + "train.stop_after_steps=7")
            try move("old", to: "new", in: workspace)
            try FileManager.default.createDirectory(
                atPath: workspace("old"), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: workspace("old/shards"), withDestinationPath: "shards")
            let command = "pretrain --config new/run/recipe.yaml --resume"
            let run = try await workspace.run(command)
            #expect(run.exitCode == 1)
            #expect(
                run.errors.contains(
                    "cannot look at the path: got Too many levels of symbolic links"),
                "\(run.errors)")
            #expect(run.errors.contains("old/shards)"), "\(run.errors)")
        }

        @Test func aBestCheckpointThatCannotBeLookedForIsTold() async throws {
            let workspace = try Workspace(size: 10)
            try FileManager.default.createDirectory(
                atPath: workspace("run"), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: workspace("run/checkpoints"), withDestinationPath: "checkpoints")
            let run = try await workspace.run(
                "run recipe.yaml phases=[generate] checkpoint.keep_best=true "
                    + "generate.prompt=the")
            #expect(run.exitCode == 1)
            #expect(
                run.errors.contains(
                    "cannot look at the path: got Too many levels of symbolic links "
                        + "(run/checkpoints/best)"), "\(run.errors)")
        }

        @Test func aRunWithoutItsCheckpointsIsNotBegunAgain() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=5")
            try FileManager.default.createDirectory(
                atPath: workspace("lone"), withIntermediateDirectories: true)
            try workspace.bytes("run/recipe.yaml").write(
                to: URL(filePath: workspace("lone/recipe.yaml")))
            try FileManager.default.removeItem(atPath: workspace("run/checkpoints"))
            let metrics = try workspace.bytes("run/metrics.jsonl")
            for (command, expected) in [
                ("--config lone/recipe.yaml", "lone/checkpoints/step-*"),
                ("--config run/recipe.yaml", "run/checkpoints/step-00000005"),
                ("--config recipe.yaml train.steps=5", "run/checkpoints/step-00000005"),
            ] {
                let run = try await workspace.run("pretrain --resume \(command)")
                #expect(run.exitCode == 64, "\(command)")
                #expect(
                    run.errors.contains(
                        "the run to resume has lost its checkpoints: expected \(expected), whole, "
                            + "got none"), "\(run.errors)")
            }
            #expect(try workspace.bytes("run/metrics.jsonl") == metrics)
            // A name of its own makes it a recipe that never ran.
            let fresh = try await workspace.succeed(
                "pretrain --resume --config lone/recipe.yaml output=fresh")
            #expect(fresh.errors.contains("starting at step 0"))
        }
    }
}
