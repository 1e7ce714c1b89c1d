import Foundation
import Machine
import Testing

/// Limits of memory in a made-up /sys/fs/cgroup.
@Suite struct ControlGroupMemoryTests {
    private func memory(_ files: [String: String], membership: String) throws -> ControlGroupMemory
    {
        let mount = NSTemporaryDirectory() + "cgroup-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: mount) }
        for (path, text) in files {
            let file = URL(filePath: "\(mount)/\(path)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data((text + "\n").utf8).write(to: file)
        }
        return ControlGroupMemory(mount: mount, membership: membership)
    }

    @Test func theTightestGroupOfVersion2Counts() throws {
        let memory = try memory(
            [
                "job/memory.max": "8000", "job/memory.current": "3000",
                "job/memory.stat": "anon 2000\ninactive_file 500",
                "job/step/memory.max": "6000", "job/step/memory.current": "100",
                "job/step/memory.stat": "inactive_file 0",
                "job/step/deep/memory.max": "max", "job/step/deep/memory.current": "100",
                "other/memory.max": "10", "other/memory.current": "10",
            ], membership: "0::/job/step/deep\n")
        #expect(memory.limitBytes == 6000)
        #expect(memory.freeBytes == 5500)
    }

    @Test func aContainerShowsItsLimitAtTheRoot() throws {
        let files = [
            "memory.max": "900", "memory.current": "300", "memory.stat": "inactive_file 50",
        ]
        for membership in ["0::/\n", "0::/docker/1234\n", ""] {
            let memory = try memory(files, membership: membership)
            #expect(memory.limitBytes == 900 && memory.freeBytes == 650)
        }
    }

    @Test func version1HasOtherNames() throws {
        let memory = try memory(
            [
                "memory/slurm/job/memory.limit_in_bytes": "5000",
                "memory/slurm/job/memory.usage_in_bytes": "1000",
                "memory/slurm/job/memory.stat": "total_inactive_file 200",
                "memory/memory.limit_in_bytes": "9223372036854771712",
                "memory/memory.usage_in_bytes": "70000",
            ], membership: "11:cpu,cpuacct:/x\n4:memory:/slurm/job\n0::/\n")
        #expect(memory.limitBytes == 5000 && memory.freeBytes == 4200)
    }

    @Test(arguments: ["", "nonsense", "0::", "4:memory", "0::/../..", "::::::"])
    func withoutGroupsThereIsNoLimit(membership: String) throws {
        let memory = try memory([:], membership: membership)
        #expect(memory.limitBytes == nil && memory.freeBytes == nil)
    }
}
