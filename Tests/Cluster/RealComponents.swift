import DistributedRuns
import Foundation
import Testing

/// Schedulers and daemons of real clusters, which `launch/test --cluster` installs and starts.
enum RealComponents {
    static let areWanted = ProcessInfo.processInfo.environment["SWIFT_LLM_CLUSTER"] != nil

    static let reason: Comment = "launch/test --cluster installs Slurm and sshd, and runs it"

    fileprivate static let tests = URL(filePath: #filePath).deletingLastPathComponent()

    /// The folder of the scripts that start runs.
    static let launch = tests.deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "launch").path
}

extension TestCluster {
    /// Runs `body` with hosts on which a service of Tests/Cluster/services runs; all ends with it.
    static func withService(
        _ service: String, hosts count: Int, _ body: (TestCluster) async throws -> Void
    ) async throws {
        try await withHosts(count) { cluster in
            // A launch script looks for the others of its folder beside itself or below the job's.
            try FileManager.default.createSymbolicLink(
                atPath: cluster.folder("launch"), withDestinationPath: RealComponents.launch)
            do {
                try await cluster.services(service)
                try await body(cluster)
            } catch {
                try? await cluster.services("stop")
                throw error
            }
            try await cluster.services("stop")
        }
    }

    private func services(_ verb: String) async throws {
        let script = RealComponents.tests.appending(path: "services").path
        let run = try await DistributedRun.of(
            command: [script, verb, folder.path], seconds: 120)
        try #require(run.exitCode == 0, "services \(verb): \(run.output)\(run.errors)")
    }

    /// Runs a shell command on a host with a service, in the folder.
    func enter(
        _ host: String, _ command: String, seconds: Int = 120,
        environment: [String: String] = [:], signal: DistributedRun.Signal? = nil
    ) async throws -> DistributedRun {
        let shared = [
            "SWIFT_LLM_TRAIN": DistributedRun.executable("swift-llm-train"),
            // Hosts that share two cores let each other pass.
            "OMPI_MCA_mpi_yield_when_idle": "1",
        ]
        return try await DistributedRun.of(
            command: [folder("enter"), host, "bash", "-c", "exec " + command], seconds: seconds,
            environment: shared.merging(environment) { $1 }, folder: folder.path, signal: signal)
    }

    /// The number of the last step of which the run in `output` tells.
    func lastStep(of output: String) throws -> Int {
        let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: folder("\(output)/checkpoints/latest"))
        return try #require(Int(link.suffix(8)))
    }

    /// The steps of which metrics.jsonl tells, in its order.
    func steps(of output: String) throws -> [Int] {
        try folder.text("\(output)/metrics.jsonl").split(separator: "\n").compactMap { line in
            guard line.contains(#""kind":"train""#) else { return nil }
            return line.firstMatch(of: /"step":(\d+)/).flatMap { Int($0.output.1) }
        }
    }
}
