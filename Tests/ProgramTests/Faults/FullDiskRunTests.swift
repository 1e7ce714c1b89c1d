import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// A run whose disk fills up while it saves.
    @Suite struct FullDiskRunTests {
        /// Room for two checkpoints of the small model, and for a part of the third.
        private static let size = "size=420k"
        private static let isPossible: Bool = {
            guard let workspace = try? Workspace(size: 10),
                mount("none", workspace.path, "tmpfs", 0, Self.size) == 0
            else { return false }
            umount2(workspace.path, Int32(MNT_DETACH))
            return true
        }()

        /// Less than one checkpoint is refused at the start; less than all is warned of.
        @Test(
            .enabled(if: isPossible, "needs the right to mount"),
            arguments: [("size=64k", 1), ("size=420k", 0)])
        func aDiskThatIsTooSmallIsToldBeforeTheFirstStep(size: String, code: Int) async throws {
            let workspace = try await Workspace.prepared()
            let path = workspace("run")
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            try #require(mount("none", path, "tmpfs", 0, size) == 0)
            defer { umount2(path, Int32(MNT_DETACH)) }
            let job = try await workspace.run(
                "pretrain --config recipe.yaml train.steps=\(code == 1 ? 100 : 5) "
                    + "checkpoint.every_steps=1 train.stop_after_steps=1")
            #expect(job.exitCode == code, "\(job.errors)")
            let line = "the disk has no room for a checkpoint: expected "
            #expect((job.messages.first?.contains(line) == true) == (code == 1), "\(job.errors)")
            #expect((workspace.lineCount("run/metrics.jsonl") == 0) == (code == 1))
        }

        @Test(
            .enabled(if: isPossible, "needs the right to mount"),
            arguments: ["shared", "gather"])
        func aFullDiskIsToldAndLeavesTheOlderCheckpoints(io: String) async throws {
            let workspace = try await Workspace.prepared()
            let run = RunFiles(path: workspace("run"))
            try FileManager.default.createDirectory(
                atPath: run.path, withIntermediateDirectories: true)
            try #require(mount("none", run.path, "tmpfs", 0, Self.size) == 0)
            defer { umount2(run.path, Int32(MNT_DETACH)) }

            let job = try await workspace.run(
                "pretrain --config recipe.yaml train.steps=100 checkpoint.io=\(io)", ranks: 2)
            #expect(job.exitCode == 1)
            #expect(job.messages.count == 1, "\(job.errors)")
            #expect(job.messages.first?.contains("space") == true)
            let names = try FileManager.default.contentsOfDirectory(
                atPath: run.path + "/checkpoints"
            ).sorted()
            #expect(names.contains("latest") && names.contains("step-00000005"), "\(names)")
            for name in names where !name.hasPrefix(".") {
                try await workspace.succeed("inspect run/checkpoints/\(name) --verify")
            }
        }
    }
}
