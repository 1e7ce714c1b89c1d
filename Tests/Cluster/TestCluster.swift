import DistributedRuns
import Foundation
import TemporaryFolders
import Testing

/// All suites that make hosts: two cores carry one cluster at a time.
@Suite(.serialized) struct Cluster {}

/// A folder with shards and a recipe, on hosts that are network namespaces of this machine, or on
/// this machine itself.
struct TestCluster {
    let folder: TemporaryFolder

    /// Two layers of width 16, eight lanes.
    private static let recipe = """
        name: tiny
        seed: 7
        output: run
        phases: [pretrain]
        data: {train: shards, validation: shards}
        model: {layer_count: 2, head_count: 2, embedding_size: 16, context_length: 16,
                dropout_rate: 0.1}
        train: {global_batch_size: 24, micro_batch_size: 2, sequence_length: 16, steps: 40,
                threads_per_rank: 1}
        checkpoint: {every_steps: 5, keep_last: 0}
        evaluate: {every_steps: 0}

        """

    /// Ranks that share two cores let each other pass; hosts talk over their network alone.
    static let network =
        "--mca btl tcp,self --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0 "
        + "--mca mpi_yield_when_idle 1"

    private static let hosts = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "hosts").path

    /// Why this machine gives no hosts; nil where it does.
    static let obstacle: String? = {
        let check = Process()
        check.executableURL = URL(filePath: hosts)
        check.arguments = ["check"]
        let output = Pipe()
        check.standardOutput = output
        do { try check.run() } catch { return "\(error)" }
        let line = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        check.waitUntilExit()
        return check.terminationStatus == 0 ? nil : line.trimmingCharacters(in: .newlines)
    }()

    /// With the tokenizer and the shards of a small corpus.
    init() async throws {
        folder = try TemporaryFolder()
        try folder.write(Self.recipe, to: "recipe.yaml")
        let words = ["the", "king", "shall", "not", "be", "of", "love", "night", "sweet", "day.\n"]
        let text = (0..<1200).map { words[$0 * $0 * 7 % 97 % words.count] }
        try folder.write(text.joined(separator: " "), to: "text.txt")
        for command in [
            "tokenizer train --kind character --input text.txt --output tokenizer.json",
            "prepare --input text.txt --tokenizer tokenizer.json --output shards",
        ] { #expect(try await run(command).exitCode == 0) }
    }

    /// Runs `body` with hosts node1 ... nodeCOUNT, which are removed however it ends.
    static func withHosts(_ count: Int, _ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        do {
            let owner = ProcessInfo.processInfo.processIdentifier
            try await cluster.hosts("make", "\(count)", "\(owner)")
            try await body(cluster)
        } catch {
            try await cluster.hosts("remove")
            throw error
        }
        try await cluster.hosts("remove")
    }

    /// Calls the script `hosts` for this folder.
    func hosts(_ verb: String, _ arguments: String...) async throws {
        let run = try await DistributedRun.of(
            command: [Self.hosts, verb, folder.path] + arguments)
        #expect(run.exitCode == 0, "hosts \(verb): \(run.output)\(run.errors)")
    }

    /// Runs the program on this machine; `command` is split at spaces.
    func run(
        _ command: String, seconds: Int = 180, signal: DistributedRun.Signal? = nil
    ) async throws -> DistributedRun {
        try await DistributedRun.of(
            "swift-llm-train", command.split(separator: " ").map(String.init), ranks: nil,
            seconds: seconds, folder: folder.path, signal: signal)
    }

    /// Runs a shell command on a host, in the folder; `PROGRAM` stands for the program.
    func run(
        on host: String, _ command: String, seconds: Int = 270
    ) async throws -> DistributedRun {
        let program = DistributedRun.executable("swift-llm-train")
        return try await DistributedRun.of(
            command: [
                folder("agent"), host,
                "cd \(folder.path) && " + command.replacing("PROGRAM", with: program),
            ], seconds: seconds)
    }

    /// Pretrains on all hosts, started on the first one; `options` are mpirun's.
    func pretrain(
        _ arguments: String, _ options: String = ""
    ) async throws -> DistributedRun {
        try await run(
            on: "node1",
            "mpirun --hostfile hostfile --mca plm_rsh_agent \(folder("agent")) \(Self.network) "
                + "--mca oob_tcp_keepalive_time 2 --mca oob_tcp_keepalive_intvl 1 "
                + "--mca oob_tcp_keepalive_probes 3 \(options) PROGRAM pretrain "
                + "--config recipe.yaml " + arguments)
    }

    func weights(_ output: String) throws -> [UInt8] {
        try folder.bytes("\(output)/checkpoints/latest/model.safetensors")
    }

    /// Waits until the run in `output` has made so many steps; false after three minutes.
    func reaches(_ stepCount: Int, in output: String) async throws -> Bool {
        try await waits {
            let metrics = (try? folder.text("\(output)/metrics.jsonl")) ?? ""
            return metrics.count(where: \.isNewline) >= stepCount
        }
    }

    /// Looks until `isTrue`; false after three minutes.
    func waits(until isTrue: () throws -> Bool) async throws -> Bool {
        for _ in 0..<3600 {
            if try isTrue() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}
