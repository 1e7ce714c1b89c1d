import Diagnostics
import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// Trainings on islands, which meet in outer steps.
    @Suite struct IslandRunTests {
        /// Two islands; a fragment sets out after steps 1, 4, 7, ... and is due two steps later.
        private static let keys =
            "train.islands=2 outer.every_steps=6 outer.fragments=2 outer.delay_steps=2 "

        private static let islandFiles = [
            "model.safetensors", "optimizer.safetensors", "outer.safetensors",
            "island-0000.safetensors", "island-0001.safetensors",
        ]

        private func expectEqual(
            _ run: RunFiles, _ other: RunFiles, at step: Int = 20, _ comment: Comment? = nil,
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            for name in Self.islandFiles {
                let bytes = try [run, other].map {
                    try Data(contentsOf: URL(filePath: "\($0.checkpoint(step))/\(name)"))
                }
                #expect(
                    bytes[0] == bytes[1], "\(name) \(comment?.rawValue ?? "")",
                    sourceLocation: sourceLocation)
            }
        }

        @Test(arguments: [
            "", "outer.dtype=int8 outer.mixing=0.5", "train.precision=bf16",
            "train.optimizer_sharding=zero1",
        ])
        func anIslandGivesTheSameBitsOnAnyNumberOfItsRanks(more: String) async throws {
            let workspace = try await Workspace.prepared()
            let few = try await workspace.pretrain("few", Self.keys + more, ranks: 2)
            for ranks in [4, 6] {
                let run = try await workspace.pretrain(
                    "run-\(ranks)", Self.keys + more, ranks: ranks)
                try expectEqual(run, few, "\(ranks) ranks")
                #expect(try run.steps() == few.steps(), "\(ranks) ranks")
                #expect(try run.metrics("validation") == few.metrics("validation"))
            }
        }

        @Test func shardingChangesNoBit() async throws {
            let workspace = try await Workspace.prepared()
            let none = try await workspace.pretrain("none", Self.keys, ranks: 4)
            for keys in ["train.optimizer_sharding=zero1", "train.node_memory=private"] {
                let run = try await workspace.pretrain("run", Self.keys + keys, ranks: 4)
                try expectEqual(run, none, Comment(rawValue: keys))
                try FileManager.default.removeItem(atPath: workspace("run"))
            }
        }

        @Test func islandsDifferAndLearnAsOneRunDoes() async throws {
            let workspace = try await Workspace.prepared()
            let one = try await workspace.pretrain("one")
            let run = try await workspace.pretrain("run", Self.keys, ranks: 2)
            let files = try Self.islandFiles.suffix(2).map {
                try Data(contentsOf: URL(filePath: "\(run.checkpoint(10))/\($0)"))
            }
            #expect(files[0] != files[1])
            func loss(_ run: RunFiles) throws -> Double {
                try run.metrics("validation").last?["loss"]?.double ?? .infinity
            }
            let (alone, apart) = (try loss(one), try loss(run))
            #expect(apart < alone * 1.1, "\(apart), \(alone)")
            #expect(try run.steps().map { $0["tokens"] } == one.steps().map { $0["tokens"] })
            let outer = try run.metrics("outer")
            // After the last step both fragments meet.
            #expect(outer.compactMap { $0["step"]?.integer } == [3, 6, 9, 12, 15, 18, 20, 20])
            #expect(outer.compactMap { $0["fragment"]?.integer } == [0, 1, 0, 1, 0, 1, 0, 1])
            // Others come before anything new has been heard: each save, after 5 steps, hears all.
            let losses = outer.compactMap { $0["loss"]?.double }
            #expect(losses.count == 3 && losses.allSatisfy { $0 > 1 && $0 < 4 }, "\(losses)")
        }

        /// The stop after step 7 comes while a fragment is under way, that after 10 between two.
        @Test(arguments: [7, 10]) func aResumedRunEqualsTheUninterruptedOne(step: Int) async throws
        {
            let workspace = try await Workspace.prepared()
            let keys = Self.keys + "outer.dtype=int8 "
            let whole = try await workspace.pretrain("whole", keys, ranks: 2)
            for (from, to) in [(2, 2), (2, 4), (4, 2)] {
                let output = "run-\(from)-\(to)"
                try await workspace.pretrain(
                    output, keys + "train.stop_after_steps=\(step)", ranks: from)
                let run = try await workspace.pretrain(output, keys + "--resume", ranks: to)
                try expectEqual(run, whole, "\(from) ranks, then \(to)")
                #expect(try run.steps() == whole.steps())
            }
        }

        @Test func usr1StopsAllIslandsAtOneStepAndTheRunGoesOnExactly() async throws {
            let workspace = try await Workspace.prepared()
            let keys =
                Self.keys + "train.steps=1000000 checkpoint.every_steps=0 evaluate.every_steps=0 "
            let stopped = try await workspace.run(
                "pretrain --config recipe.yaml \(keys)", ranks: 2,
                signal: DistributedRun.Signal(
                    "USR1", afterLines: 10, of: workspace("run/metrics.jsonl")))
            #expect(stopped.exitCode == 75, "\(stopped.errors)")
            let step = try RunFiles(path: workspace("run")).steps().count
            let end = step + 20
            let rest = keys + "train.stop_after_steps=\(end) "
            let run = try await workspace.pretrain("run", rest + "--resume", ranks: 4)
            let whole = try await workspace.pretrain("whole", rest, ranks: 2)
            try expectEqual(run, whole, at: end)
        }

        /// An island fewer, all as one, and more again, whose lanes are not equally many.
        @Test func aRunGoesOnWithAnotherNumberOfIslandsFromWhatTheyHaveInCommon() async throws {
            let workspace = try await Workspace.prepared()
            let keys = Self.keys + "--resume train.stop_after_steps="
            try await workspace.pretrain("run", Self.keys + "train.stop_after_steps=5", ranks: 2)
            for (islands, ranks, step, line) in [
                (1, nil, 10, "the run was on 2 islands: from here on all ranks train as one"),
                (3, 3, 15, "the run was on one island: its 3 begin from the weights in common"),
                (2, 2, 20, "the run was on 3 islands: its 2 begin from the weights in common"),
            ] as [(Int, Int?, Int, String)] {
                let run = try await workspace.succeed(
                    "pretrain --config recipe.yaml output=run "
                        + keys.replacing("islands=2", with: "islands=\(islands)") + "\(step)",
                    ranks: ranks)
                #expect(run.errors.contains(line), "\(run.errors)")
            }
            let losses = try RunFiles(path: workspace("run")).losses()
            #expect(losses.count == 20)
            #expect((losses.last ?? 9) < (losses.first ?? 0) - 0.3)
        }

        @Test func whereRankZeroWritesAloneTheMomentsOfOthersAreNotKept() async throws {
            let workspace = try await Workspace.prepared()
            let keys = Self.keys + "checkpoint.io=gather "
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml train.stop_after_steps=7 \(keys)", ranks: 4)
            #expect(run.errors.contains("checkpoint.io: gather: a checkpoint has the weights"))
            #expect(!workspace.exists("run/checkpoints/latest/island-0001.safetensors"))
            let rest = try await workspace.succeed(
                "pretrain --config recipe.yaml --resume \(keys)", ranks: 4)
            #expect(rest.errors.contains("begin from the weights in common"))
            let whole = try await workspace.pretrain("whole", Self.keys, ranks: 4)
            let shared = try Data(
                contentsOf: URL(filePath: "\(whole.checkpoint(5))/model.safetensors"))
            let alone = try workspace.bytes("run/checkpoints/step-00000005/model.safetensors")
            #expect(shared == alone)
        }

        @Test(arguments: [
            (3, "train.islands=2", "train.islands does not divide the ranks"),
            (2, "train.islands=3", "expected a divisor of 2, got 3"),
            (2, "train.islands=2 outer.every_steps=4 outer.fragments=5", "outer.fragments is"),
            (
                2, "train.islands=2 outer.every_steps=4 outer.fragments=2 outer.delay_steps=2",
                "outer.delay_steps leaves no step"
            ),
        ]) func whatDoesNotFitIsRefused(ranks: Int, keys: String, line: String) async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml \(keys)", ranks: ranks)
            #expect(run.exitCode == 64)
            #expect(run.messages.count == 1)
            #expect(run.messages.first?.contains(line) == true, "\(run.errors)")
            #expect(!workspace.exists("run/metrics.jsonl"))
        }

        @Test func theTimeOfACheckpointCountsTheFilesOfAllIslands() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml train.steps=1 \(Self.keys)", ranks: 2)
            let texts = ["tokenizer.json", "tokenizer_config.json", "recipe.yaml"]
            let size = try (Self.islandFiles + texts).reduce(0) {
                try $0 + workspace.bytes("run/checkpoints/latest/\($1)").count
            }
            #expect(
                run.output.contains("a checkpoint takes \(Quantity.bytes(size)) and about"),
                "\(run.output)")
        }

        @Test func aStepOfIslandsIsNotComputedAgain() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", Self.keys, ranks: 2)
            let run = try await workspace.run("replay --run run --step 8")
            #expect(run.exitCode == 64)
            #expect(run.errors.contains("a step of islands cannot be computed again on one rank"))
        }

        @Test func aDamagedFileOfAnIslandIsPassedOver() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", Self.keys + "train.stop_after_steps=10", ranks: 2)
            try workspace.damage(
                "run/checkpoints/step-00000010/island-0001.safetensors", at: 4000)
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml --resume \(Self.keys)", ranks: 2)
            #expect(run.errors.contains("passed over a checkpoint: the file is altered"))
            let whole = try await workspace.pretrain("whole", Self.keys, ranks: 2)
            try expectEqual(RunFiles(path: workspace("run")), whole)
        }
    }
}
