import DistributedRuns
import Foundation
import TemporaryFolders
import Testing

/// Checkpoints of ten blocks, on jobs of `DistributedChecks`.
extension DistributedTests {
    /// Each is trained, written, read back, gone on with, altered at twelve places and found out, by that
    /// many ranks: the rules give the same bits however the ranks share the work and the state.
    @Test(arguments: ["adamw", "muon", "schedule_free"])
    func checkpointsAreTheSameFilesHoweverTheRanksShareThem(kind: String) async throws {
        var outputs: Set<String> = []
        let cases = [
            (1, "none", "shared"), (2, "none", "shared"), (3, "none", "shared"),
            (1, "zero1", "shared"), (2, "zero1", "shared"), (3, "zero1", "shared"),
            (2, "none", "gather"), (3, "zero1", "gather"),
        ]
        for (number, (ranks, sharding, io)) in cases.enumerated() {
            let folder = try TemporaryFolder()
            let job = try await DistributedRun.of(
                "DistributedChecks",
                ["checkpoints", folder.path, sharding, io, "\(number)", kind],
                ranks: ranks, seconds: 120)
            #expect(job.exitCode == 0, "\(kind) \(ranks) \(sharding) \(io): \(job.errors)")
            outputs.insert(job.output)
        }
        #expect(outputs.count == 1, "\(outputs)")
        #expect(outputs.first?.contains("manifest.json") == true)
    }

    // MARK: Shared memory

    /// Where pages cannot be had the ranks are told, and nobody writes where there are none.
    @Test(arguments: [
        (["FALLOCATE": "\(ENOSPC)"], "cannot reserve shared memory: got No space left on device"),
        (["TRUNCATE": "\(ENOSPC)"], "cannot make shared memory: got No space left on device"),
        (["FALLOCATE": "\(ENOSPC)", "RANK": "1"], "cannot reserve shared memory: got No space"),
        (["FALLOCATE": "\(ENOSPC)", "OLD_KERNEL": "1"], "cannot reserve shared memory"),
    ])
    func memoryThatCannotBeReservedIsToldToAllRanks(
        faults: [String: String], line: String
    ) async throws {
        let job = try await DistributedRun.of(
            "DistributedChecks", ["shared-memory-or-why"], ranks: 3,
            environment: try await FileFaults.environment(faults))
        #expect(job.exitCode == 0, "\(job.errors)")
        #expect(job.output.hasPrefix(line), "\(job.output)")
        #expect(try Self.ownSegments() == [])
    }

    @Test func anOldKernelReservesMemoryToo() async throws {
        let job = try await DistributedRun.of(
            "DistributedChecks", ["shared-memory"], ranks: 3,
            environment: try await FileFaults.environment(["OLD_KERNEL": "1"]))
        #expect(job.exitCode == 0 && job.output == "shared memory\n", "\(job.errors)")
    }

    /// Another program takes all that is left of /dev/shm once the ranks have theirs: each page that
    /// they then write first is there.
    @Test(
        .enabled(if: canMount, "needs the right to mount"),
        arguments: [[:], ["OLD_KERNEL": "1"]])
    func memoryThatIsReservedOutlivesAFullFolder(faults: [String: String]) async throws {
        let program = DistributedRun.executable("DistributedChecks")
        let launcher = DistributedRun.launcher.joined(separator: " ")
        let script = """
            mount -t tmpfs -o size=200m none /dev/shm &&
            \(launcher) 3 \(program) shared-memory-then-full
            """
        let job = try await DistributedRun.of(
            command: ["unshare", "-m", "bash", "-c", script],
            environment: try await FileFaults.environment(faults))
        #expect(job.exitCode == 0, "\(job.errors)")
        #expect(job.output == "all pages are there\n")
    }

    static let canMount: Bool = {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = ["-m", "mount", "-t", "tmpfs", "none", "/dev/shm"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    private static func ownSegments() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
            .filter { $0.hasPrefix("swift-llm-train.") }
    }
}
