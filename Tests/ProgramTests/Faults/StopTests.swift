import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// A stop saves and exits 75, whenever it comes; other signals have no effect.
    @Suite struct StopTests {
        static let checkout = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        private static let program = DistributedRun.executable("swift-llm-train")

        /// With the shapes of a real vocabulary, and steps that take long enough for a signal.
        private static let keys =
            "model.vocabulary_size=50257 train.steps=1000000 evaluate.every_steps=0 "
            + "checkpoint.every_steps=0"

        private func script(
            _ name: String, _ arguments: [String], seconds: Int, in workspace: Workspace? = nil
        ) async throws -> DistributedRun {
            try await DistributedRun.of(
                command: ["\(Self.checkout)/Tests/Scripts/\(name)"] + arguments, seconds: seconds,
                environment: ["SWIFT_LLM_TRAIN": Self.program], folder: workspace?.path ?? ".")
        }

        /// One process of two threads, and two ranks; in fp32 and bf16; with checkpoints and
        /// validation on the way.
        @Test(arguments: [[], ["mpirun", "--oversubscribe", "-n", "2"]])
        func noThreadThatComputesHasASignalOpen(launcher: [String]) async throws {
            let workspace = try await Workspace.prepared()
            let arguments =
                "pretrain --config recipe.yaml model.vocabulary_size=50257 train.precision=bf16 "
                + "train.threads_per_rank=2 train.steps=12"
            let run = try await script(
                "signal-masks",
                launcher + [Self.program] + arguments.split(separator: " ").map(String.init),
                seconds: 180, in: workspace)
            #expect(run.exitCode == 0, "\(run.output) \(run.errors)")
        }

        /// 250 of them, under load and without, are run by hand (the article on reliability).
        @Test func stopsAtRandomMomentsInAHailOfSignalsSaveTheUndisturbedRun() async throws {
            let run = try await script("stops", ["--count", "20", "--storm"], seconds: 900)
            #expect(run.exitCode == 0, "\(run.output.suffix(4000)) \(run.errors)")
        }

        @Test func aSecondInterruptEndsAtOnce() async throws {
            let workspace = try await Workspace.prepared()
            // A step of many seconds, in which the first one is not answered yet.
            let run = try await interrupted(
                workspace, signals: "INT INT",
                keys: "train.global_batch_size=20000 train.lanes=1 train.micro_batch_size=16",
                when: "-e run/.lock && $(ls /proc/$child/task | wc -l) -ge 4")
            #expect(run.exitCode == 130, "\(run.errors)")
        }

        /// As nohup starts it.
        @Test func aSignalIgnoredAtTheStartStaysIgnored() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await interrupted(
                workspace, prefix: "env --ignore-signal=HUP", signals: "HUP HUP",
                keys: "train.steps=40", when: "$(wc -l < run/metrics.jsonl) -ge 5")
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(try RunFiles(path: workspace("run")).steps().count == 40)
        }

        @Test func theEndOfATerminalSavesAndExits75() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await interrupted(
                workspace, signals: "HUP", keys: "",
                when: "$(wc -l < run/metrics.jsonl) -ge 5")
            #expect(run.exitCode == 75, "\(run.errors)")
            let step = try RunFiles(path: workspace("run")).steps().count
            #expect(workspace.exists("run/checkpoints/latest/manifest.json"))
            #expect(step >= 5)
        }

        /// The clock of `train.maximum_seconds` starts with the program.
        @Test(arguments: [nil, 2])
        func theEndOfItsTimeSavesAndExits75(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml \(Self.keys) train.maximum_seconds=2", ranks: ranks)
            #expect(run.exitCode == 75, "\(run.errors)")
            let files = RunFiles(path: workspace("run"))
            let step = try files.steps().count
            #expect(try !files.weights(step).isEmpty)
            #expect(run.output.contains("go on with --resume"))
        }

        /// A training whose reader has gone away goes on, and so does its log.
        @Test(arguments: ["| head -n 1", "> /dev/full 2> /dev/full", ">&- 2>&-"])
        func aClosedPipeNeverEndsATraining(output: String) async throws {
            let workspace = try await Workspace.prepared()
            let run = try await shell(
                "'\(Self.program)' pretrain --config recipe.yaml train.steps=30 \(output); "
                    + "exit ${PIPESTATUS[0]}", in: workspace)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(try RunFiles(path: workspace("run")).steps().count == 30)
            let log = String(decoding: try workspace.bytes("run/log.txt"), as: UTF8.self)
            #expect(log.contains("saved run/checkpoints/step-00000030"))
            // No file of the run has taken the place of a closed stream.
            try await workspace.succeed("inspect run/checkpoints/latest --verify")
        }

        /// Before there are ranks, while they load, and as they train.
        @Test func aLaunchScriptLosesNoStopWhileTheRunStarts() async throws {
            let workspace = try await Workspace.prepared()
            for milliseconds in [0, 40, 100, 250, 400, 700] {
                let run = try await DistributedRun.of(
                    command: [
                        "\(Self.checkout)/launch/local", "pretrain", "--config", "recipe.yaml",
                    ]
                        + Self.keys.split(separator: " ").map(String.init)
                        + ["output=run\(milliseconds)"],
                    seconds: 120, environment: ["RANKS": "2", "SWIFT_LLM_TRAIN": Self.program],
                    folder: workspace.path,
                    signal: DistributedRun.Signal(
                        "TERM", milliseconds: milliseconds, when: "pgrep -P $child mpirun"))
                #expect(run.exitCode == 75, "\(milliseconds) ms: \(run.errors)")
            }
        }

        @Test func aLaunchScriptWithoutAReaderTrainsOn() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await shell(
                "RANKS=2 SWIFT_LLM_TRAIN='\(Self.program)' '\(Self.checkout)/launch/local' pretrain "
                    + "--config recipe.yaml train.steps=200 checkpoint.every_steps=4 | head -n 1; "
                    + "exit ${PIPESTATUS[0]}", in: workspace)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(try RunFiles(path: workspace("run")).steps().count == 200)
        }

        @Test func otherVerbsEndWith1WhereTheirOutputCannotBeWritten() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run")
            let model = "--model run/checkpoints/latest"
            for command in [
                "evaluate \(model) --data shards", "generate \(model) --prompt the",
                "inspect shards/train-00000.h5", "doctor --json", "pretrain --help", "--version",
            ] {
                let run = try await shell("'\(Self.program)' \(command) > /dev/full", in: workspace)
                #expect(run.exitCode == 1, "\(command)")
                #expect(
                    run.messages == [
                        "swift-llm-train: cannot write to standard output: "
                            + "got No space left on device"
                    ], "\(command)")
            }
        }

        private func shell(_ line: String, in workspace: Workspace) async throws -> DistributedRun {
            try await DistributedRun.of(
                command: ["bash", "-c", line], seconds: 180, folder: workspace.path)
        }

        /// Runs `pretrain` without a launcher, sends it signals one after the other when a condition
        /// of bash holds, and returns what a shell says of its end.
        private func interrupted(
            _ workspace: Workspace, prefix: String = "", signals: String, keys: String,
            when condition: String
        ) async throws -> DistributedRun {
            try await shell(
                """
                set -m
                \(prefix) '\(Self.program)' pretrain --config recipe.yaml \(Self.keys) \(keys) &
                child=$!
                until [[ \(condition.replacing(" && ", with: " ]] && [[ ")) ]] 2> /dev/null \
                    || ! kill -0 $child; do sleep 0.01; done
                for signal in \(signals); do kill -$signal $child; sleep 0.3; done
                wait $child
                """, in: workspace)
        }
    }
}
