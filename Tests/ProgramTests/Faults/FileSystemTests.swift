import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// File systems that have no locks, are slow, or full.
    @Suite struct FileSystemTests {
        private static let endless =
            "pretrain --config recipe.yaml train.steps=1000000 evaluate.every_steps=0 "
            + "checkpoint.every_steps=4 checkpoint.keep_last=2"

        /// No lock, but the owner's file: the second run is refused while the first one lives, and goes
        /// on once it has died, after three beats.
        @Test(arguments: [ENOSYS, ENOLCK])
        func withoutLocksTheSecondRunIsRefusedUntilTheFirstHasDied(code: Int32) async throws {
            let workspace = try await Workspace.prepared()
            let environment = try await FileFaults.environment(["FLOCK": "\(code)"])
            async let first = workspace.run(
                Self.endless, ranks: 2, environment: environment,
                signal: DistributedRun.Signal(
                    "KILL", when: "[[ -e refused ]]"))
            while workspace.lineCount("run/metrics.jsonl") < 5 {
                try await Task.sleep(for: .milliseconds(50))
            }
            let second = try await workspace.run(
                "pretrain --config recipe.yaml --resume", ranks: 2, environment: environment)
            #expect(second.exitCode == 1)
            let line = second.messages.first ?? ""
            #expect(line.contains("another run is at work in this directory: got process "))
            try workspace.write("", to: "refused")
            let killed = try await first
            #expect(killed.exitCode == 137, "\(killed.errors)")
            #expect(
                killed.errors.contains(
                    "gives no lock (flock: \(String(cString: strerror(code))))"), "\(killed.errors)"
            )

            let start = ContinuousClock.now
            let end = workspace.lineCount("run/metrics.jsonl") + 5
            let third = try await workspace.run(
                Self.endless + " --resume train.stop_after_steps=\(end)", ranks: 2,
                environment: environment)
            #expect(third.exitCode == 0, "\(third.errors)")
            #expect(third.errors.contains("waiting 30.0 s for a sign of life"))
            #expect(ContinuousClock.now - start > .seconds(30))
            // It said that it ended.
            try await workspace.succeed(
                Self.endless + " --resume train.stop_after_steps=\(end + 1)", ranks: 2,
                environment: environment)
        }

        @Test func takingOverEndsTheRunThatLives() async throws {
            let workspace = try await Workspace.prepared()
            let environment = try await FileFaults.environment(["FLOCK": "\(ENOSYS)"])
            async let first = workspace.run(Self.endless, ranks: 2, environment: environment)
            while workspace.lineCount("run/metrics.jsonl") < 5 {
                try await Task.sleep(for: .milliseconds(50))
            }
            let second = try await workspace.run(
                Self.endless + " --resume --take-over train.maximum_seconds=25", ranks: 2,
                environment: environment)
            #expect(second.exitCode == 75, "\(second.errors)")
            let ended = try await first
            #expect(ended.exitCode == 1)
            let line = "another run has taken over this directory"
            #expect(ended.messages.contains { $0.contains(line) }, "\(ended.errors)")
        }

        /// The names of a new run are on the disk, up to the folder that was there.
        @Test func theFoldersAroundANewRunAreOnTheDisk() async throws {
            let workspace = try await Workspace.prepared()
            let environment = try await FileFaults.environment(["SYNC_LOG": workspace("log")])
            try await workspace.pretrain("a/b/run", "train.steps=1", environment: environment)
            let paths = Set(
                String(decoding: try workspace.bytes("log"), as: UTF8.self)
                    .split(separator: "\n").map(String.init))
            for folder in ["", "/a", "/a/b", "/a/b/run", "/a/b/run/checkpoints"] {
                let path = URL(filePath: workspace.path + folder).resolvingSymlinksInPath().path
                #expect(paths.contains(path), "\(path): \(paths)")
            }
        }

        // MARK: A full /dev/shm

        /// Another program takes the rest of a node's /dev/shm in the middle of a run.
        @Test(.enabled(if: canMount, "needs the right to mount"), arguments: ["none", "zero1"])
        func aSharedMemoryThatFillsUpEndsNoRun(sharding: String) async throws {
            let workspace = try await Workspace.prepared()
            let keys = "train.steps=300 checkpoint.every_steps=100 evaluate.every_steps=0 output="
            let whole = try await workspace.pretrain("whole", keys + "whole")
            let program = DistributedRun.executable("swift-llm-train")
            let script = """
                mount -t tmpfs -o size=100m none /dev/shm
                (until (($(cat full/metrics.jsonl 2> /dev/null | wc -l) >= 20)); do sleep 0.01; done
                cat /dev/zero > /dev/shm/filler 2> /dev/null; df --output=avail /dev/shm > filled) &
                mpirun --oversubscribe -n 3 \(program) pretrain --config recipe.yaml \(keys)full \
                    train.optimizer_sharding=\(sharding)
                """
            let run = try await DistributedRun.of(
                command: ["unshare", "-m", "bash", "-c", script], seconds: 180,
                folder: workspace.path)
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(
                String(decoding: try workspace.bytes("filled"), as: UTF8.self).hasSuffix(" 0\n"))
            let full = RunFiles(path: workspace("full"))
            for step in [100, 200, 300] {
                #expect(try full.weights(step) == whole.weights(step))
                #expect(try full.moments(step) == whole.moments(step))
            }
        }

        private static let canMount: Bool = {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/unshare")
            process.arguments = ["-m", "mount", "-t", "tmpfs", "none", "/dev/shm"]
            process.standardError = FileHandle.nullDevice
            guard (try? process.run()) != nil else { return false }
            process.waitUntilExit()
            return process.terminationStatus == 0
        }()

        // MARK: Slow files

        /// The data of rank 1 come three times as late as any rank may keep others waiting.
        @Test func aSlowFileSystemIsNoHangOfTheRun() async throws {
            let workspace = try await Workspace.prepared()
            let environment = try await FileFaults.environment(
                ["READ": "shards/train,15000", "RANK": "1"])
            let start = ContinuousClock.now
            let run = try await workspace.pretrain(
                "run", "train.watchdog_seconds=5", ranks: 3, environment: environment)
            #expect(ContinuousClock.now - start > .seconds(15))
            #expect(try run.steps().count == 20)
        }

        @Test(arguments: [nil, 3]) func aReadThatDoesNotEndIsNamed(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let faulty = ranks.map { ["RANK": "\($0 - 1)"] } ?? [:]
            let environment = try await FileFaults.environment(
                ["READ": "shards/train,60000"].merging(faulty) { $1 })
            let start = ContinuousClock.now
            let run = try await workspace.run(
                "pretrain --config recipe.yaml train.watchdog_seconds=60 train.io_seconds=4",
                ranks: ranks, environment: environment)
            #expect(run.exitCode == 1)
            #expect(run.messages.count == 1, "\(run.errors)")
            let rank = ranks.map { "rank \($0 - 1): " } ?? ""
            let line =
                rank + "the file system does not answer: expected the batch of step 1 within 4 s"
            #expect(run.messages.first?.contains(line) == true, "\(run.errors)")
            #expect(ContinuousClock.now - start < .seconds(30))
        }

        // MARK: Time to save

        @Test func theTimeOfACheckpointIsToldAtTheStart() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.succeed(
                "pretrain --config recipe.yaml train.steps=1", ranks: 2)
            #expect(run.output.contains("a checkpoint takes "), "\(run.output)")
            #expect(!workspace.exists("run/checkpoints/.speed-0.partial"))
            let slow = try await workspace.succeed(
                "pretrain --config recipe.yaml output=slow train.steps=1 checkpoint.stop_seconds=1",
                ranks: 2,
                environment: try await FileFaults.environment(["WRITE": ".speed,1500"]))
            #expect(slow.errors.contains("more than checkpoint.stop_seconds 1"), "\(slow.errors)")
        }

        /// A batch system's seconds hold where the recipe says nothing, and are no part of the run.
        @Test func theTimeOfABatchSystemIsThatOfAStop() async throws {
            let workspace = try await Workspace.prepared()
            for (keys, seconds, wanted) in [
                ("", "70", "70"), (" checkpoint.stop_seconds=80", "70", "80"), ("", "", nil),
            ] {
                let run = try await workspace.succeed(
                    "pretrain --config recipe.yaml train.steps=1 output=run\(seconds)\(wanted ?? "")"
                        + keys, ranks: 2, environment: ["SWIFT_LLM_STOP_SECONDS": seconds])
                let told = run.output.firstMatch(of: /a stop has checkpoint.stop_seconds (\d+)/)
                #expect(told.map { String($0.output.1) } == wanted, "\(run.output)")
            }
            let stored = try workspace.bytes("run7070/recipe.yaml")
            #expect(String(decoding: stored, as: UTF8.self).contains("stop_seconds: null"))
            let wrong = try await workspace.run(
                "pretrain --config recipe.yaml output=wrong", ranks: 2,
                environment: ["SWIFT_LLM_STOP_SECONDS": "2m"])
            #expect(wrong.exitCode == 64)
            #expect(
                wrong.messages == [
                    "swift-llm-train: rank 0: SWIFT_LLM_STOP_SECONDS is no number of seconds: "
                        + "expected an integer of at least 1, got 2m; correct it, or unset it"
                ], "\(wrong.errors)")
        }

        /// Each block of the disk takes three seconds, a checkpoint one and more of them on each rank,
        /// and the stop comes when one is under way.
        @Test(arguments: [(2, "is completed"), (5, "gives way to step"), (60, "")])
        func aStopKeepsToItsTime(limit: Int, note: String) async throws {
            let workspace = try await Workspace.prepared()
            let environment = try await FileFaults.environment(["WRITE": ".safetensors,3000"])
            let run = try await workspace.run(
                "pretrain --config recipe.yaml train.steps=1000000 evaluate.every_steps=0 "
                    + "checkpoint.every_steps=40 checkpoint.stop_seconds=\(limit)",
                ranks: 2, environment: environment,
                signal: DistributedRun.Signal(
                    "TERM", to: .rank(0), milliseconds: 200,
                    when: "[[ -e run/checkpoints/step-00000040 && "
                        + "-e run/checkpoints/.step-00000080.partial ]]"))
            #expect(run.exitCode == 75, "\(run.errors)")
            #expect(note.isEmpty ? !run.errors.contains("are left of") : run.errors.contains(note))
            let names = try FileManager.default.contentsOfDirectory(
                atPath: workspace("run/checkpoints"))
            #expect(!names.contains { $0.hasPrefix(".") }, "\(names)")
            let steps = names.compactMap { Int($0.dropFirst(5)) }.sorted()
            #expect(steps.contains(80) == (limit != 5), "\(names)")
            let last = try RunFiles(path: workspace("run")).steps().count
            #expect(steps.contains(last) == (limit > 2), "\(names)")
            try await workspace.succeed("inspect run/checkpoints/latest --verify")
        }
    }
}
