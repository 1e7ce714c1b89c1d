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
