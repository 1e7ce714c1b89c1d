import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// Whatever dies, the run ends in bounded time and goes on to the same bits.
    @Suite struct FaultTests {
        static let longestEnd = 10.0
        private static let checkout = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path

        /// No machine comes to the end of it before the fault.
        private static let keys =
            "train.steps=1000000 checkpoint.every_steps=4 checkpoint.keep_last=2 "
            + "evaluate.every_steps=0"

        /// Resumes the run for ten steps or more, and compares it with one that nothing disturbed.
        private func expectUndisturbedEnd(_ workspace: Workspace) async throws {
            let end = workspace.lineCount("run/metrics.jsonl") + 10
            let keys = Self.keys + " train.stop_after_steps=\(end)"
            let run = try await workspace.pretrain("run", keys + " --resume", ranks: 2)
            let whole = try await workspace.pretrain("whole", keys)
            #expect(try run.weights(end) == whole.weights(end))
            #expect(try run.moments(end) == whole.moments(end))
            #expect(try run.steps() == whole.steps())
            #expect(try run.steps().count == end)
        }

        /// The moments come from a seed, so that a failure can be repeated.
        @Test(arguments: [1, 2])
        func aRankKilledTenTimesAtRandomEndsTheJobAndLosesNothing(seed: UInt64) async throws {
            let workspace = try await Workspace.prepared()
            var random = SplitMix64(seed: seed)
            for kill in 0..<10 {
                let rank = DistributedRun.Signal.Target.rank(Int(random.next() % 3))
                // More lines than the run before left: the ranks are at work.
                let lines = workspace.lineCount("run/metrics.jsonl") + 1 + Int(random.next() % 12)
                let delay = Int(random.next() % 20)
                // Every third time while a checkpoint is being written.
                let signal =
                    kill % 3 == 2
                    ? DistributedRun.Signal(
                        "KILL", to: rank,
                        when: "compgen -G 'run/checkpoints/.*.partial' > /dev/null")
                    : DistributedRun.Signal(
                        "KILL", to: rank, afterLines: lines, of: workspace("run/metrics.jsonl"),
                        milliseconds: delay)
                let run = try await workspace.run(
                    "pretrain --config recipe.yaml --resume \(Self.keys)", ranks: 3, signal: signal)
                #expect(run.exitCode == 137, "kill \(kill): \(run.errors)")
                #expect(try #require(run.secondsToEnd) < Self.longestEnd)
            }
            try await expectUndisturbedEnd(workspace)
        }

        @Test func noRankOutlivesAKilledLauncher() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml \(Self.keys)", ranks: 3,
                signal: DistributedRun.Signal(
                    "KILL", afterLines: 20, of: workspace("run/metrics.jsonl")))
            #expect(run.exitCode == 137)
            #expect(try #require(run.secondsToEnd) < Self.longestEnd)
            let left = try Self.segments(workspace)
            #expect(!left.isEmpty && left.allSatisfy(Self.isThere))
            try await expectUndisturbedEnd(workspace)
            #expect(!left.contains(where: Self.isThere))
        }

        private static func segments(_ workspace: Workspace) throws -> [String] {
            String(decoding: try workspace.bytes("run/.segments"), as: UTF8.self)
                .split(separator: "\n").map(String.init)
        }

        private static func isThere(_ segment: String) -> Bool {
            FileManager.default.fileExists(atPath: "/dev/shm/" + segment)
        }

        @Test func termToOneRankStopsAllOfThemAfterSaving() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml \(Self.keys)", ranks: 3,
                signal: DistributedRun.Signal(
                    "TERM", to: .rank(1), afterLines: 20, of: workspace("run/metrics.jsonl")))
            #expect(run.exitCode == 75, "\(run.errors)")
            let step = try RunFiles(path: workspace("run")).steps().count
            let path = RunFiles(path: workspace("run")).checkpoint(step)
            #expect(FileManager.default.fileExists(atPath: path + "/manifest.json"))
            try await expectUndisturbedEnd(workspace)
        }

        @Test(arguments: ["TERM", "INT", "HUP"])
        func aSignalToTheLaunchScriptSavesAndExits75(name: String) async throws {
            let workspace = try await Workspace.prepared()
            let arguments = "pretrain --config recipe.yaml \(Self.keys)"
            let run = try await DistributedRun.of(
                command: [Self.checkout + "/launch/local"]
                    + arguments.split(separator: " ").map(String.init),
                seconds: 180,
                environment: [
                    "RANKS": "2",
                    "SWIFT_LLM_TRAIN": DistributedRun.executable("swift-llm-train"),
                ], folder: workspace.path,
                signal: DistributedRun.Signal(
                    name, afterLines: 10, of: workspace("run/metrics.jsonl")))
            #expect(run.exitCode == 75, "\(run.errors)")
            let step = try RunFiles(path: workspace("run")).steps().count
            let path = RunFiles(path: workspace("run")).checkpoint(step)
            #expect(FileManager.default.fileExists(atPath: path + "/manifest.json"))
        }

        /// The ranks are there, the run is not: the signal waits for it.
        @Test func usr1BeforeTheFirstStepIsNotLost() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml train.steps=100000", ranks: 2,
                signal: DistributedRun.Signal(
                    "USR1", when: "[[ $(pgrep -c -P $child swift-llm) == 2 && -e run/.lock ]]"))
            #expect(run.exitCode == 75, "\(run.errors)")
            #expect(try RunFiles(path: workspace("run")).steps().count < 100)
        }

        @Test(arguments: [0, 1])
        func aStoppedRankIsNamedAndTheJobEnds(rank: Int) async throws {
            let workspace = try await Workspace.prepared()
            let limit = 3
            let run = try await workspace.run(
                "pretrain --config recipe.yaml train.steps=100000 checkpoint.every_steps=0 "
                    + "evaluate.every_steps=0 train.watchdog_seconds=\(limit)", ranks: 3,
                signal: DistributedRun.Signal(
                    "STOP", to: .rank(rank), afterLines: 20, of: workspace("run/metrics.jsonl")))
            #expect(run.exitCode == 1)
            // mpirun wakes a stopped rank to end it: rank 0 may then add what it finds.
            #expect(run.messages.count <= (rank == 0 ? 2 : 1), "\(run.errors)")
            let verdict = "rank \(rank) keeps the run waiting: expected it in collective "
            let line = try #require(run.messages.first { $0.contains(verdict) }, "\(run.errors)")
            #expect(line.contains(" within \(limit) s, got no sign of life for "))
            #expect(line.contains("(step "), "\(line)")
            #expect(try #require(run.secondsToEnd) < Double(limit) + Self.longestEnd)
        }
    }
}

/// Numbers that look like chance, and are the same for the same seed.
private struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
