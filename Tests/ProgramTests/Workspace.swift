import DistributedRuns
import Foundation
import JSON
import ModelFiles
import Testing

/// All suites that start jobs of several ranks: two cores carry one job at a time.
@Suite(.serialized) struct Jobs {}

/// A folder with a small corpus and a recipe, in which a test runs the built program.
final class Workspace: Sendable {
    let path: String

    /// Two layers of width 16; lanes of 3 sequences, cut into micro-batches of 2 and 1; the
    /// 20 steps reach into the second epoch.
    static let recipe = """
        name: tiny
        seed: 7
        output: run
        phases: [pretrain]
        data: {train: shards, validation: shards}
        model: {layer_count: 2, head_count: 2, embedding_size: 16, context_length: 16,
                dropout_rate: 0.1}
        train: {global_batch_size: 24, micro_batch_size: 2, sequence_length: 16, steps: 20,
                lanes: 8, threads_per_rank: 1, oversubscribe: true}
        optimizer: {learning_rate: 1.0e-2, warmup_steps: 3, maximum_gradient_norm: 0.5}
        checkpoint: {every_steps: 5, keep_last: 0}
        evaluate: {every_steps: 5}

        """

    /// - Parameter size: characters of the corpus; nine tenths are trained on.
    init(size: Int = 6000) throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("program-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        try write(Self.corpus(size: size), to: "text.txt")
        try write(Self.recipe, to: "recipe.yaml")
    }

    /// With the tokenizer and the shards of the corpus.
    static func prepared(size: Int = 6000) async throws -> Workspace {
        let workspace = try Workspace(size: size)
        try await workspace.succeed(
            "tokenizer train --kind character --input text.txt --output tokenizer.json")
        try await workspace.succeed(
            "prepare --input text.txt --tokenizer tokenizer.json --output shards")
        return workspace
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Runs the program in this folder; `command` is split at spaces.
    func run(
        _ command: String, ranks: Int? = nil, seconds: Int = 180,
        environment: [String: String] = [:], input: String = "",
        signal: DistributedRun.Signal? = nil
    ) async throws -> DistributedRun {
        try await DistributedRun.of(
            "swift-llm-train", command.split(separator: " ").map(String.init), ranks: ranks,
            seconds: seconds, environment: environment, folder: path, input: input, signal: signal)
    }

    /// As above, where the exit code must be 0.
    @discardableResult
    func succeed(
        _ command: String, ranks: Int? = nil, environment: [String: String] = [:],
        input: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> DistributedRun {
        let run = try await run(command, ranks: ranks, environment: environment, input: input)
        #expect(run.exitCode == 0, "\(command): \(run.errors)", sourceLocation: sourceLocation)
        return run
    }

    /// Pretrains into `output` and returns what the run left.
    @discardableResult
    func pretrain(
        _ output: String, _ arguments: String = "", ranks: Int? = nil,
        environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> RunFiles {
        try await succeed(
            "pretrain --config recipe.yaml output=\(output) \(arguments)", ranks: ranks,
            environment: environment, sourceLocation: sourceLocation)
        return RunFiles(path: self(output))
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: self(name)))
    }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: self(name))) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: self(name)) }

    /// 0 where there is no such file.
    func lineCount(_ name: String) -> Int {
        (try? bytes(name))?.count { $0 == UInt8(ascii: "\n") } ?? 0
    }

    /// Inverts a byte of a file.
    func damage(_ name: String, at offset: Int) throws {
        var bytes = try bytes(name)
        bytes[offset] ^= 255
        try bytes.write(to: URL(filePath: self(name)))
    }

    /// Lines of words in an order that looks like chance, and is always the same.
    private static func corpus(size: Int) -> String {
        let words = [
            "the", "king", "shall", "not", "be", "of", "love", "night", "Queen", "sweet", "my",
            "thou’rt", "lord", "come", "go", "speak", "élan", "Death,", "day.", "and",
        ]
        var (text, state) = ("", UInt32(1))
        while text.unicodeScalars.count < size {
            state = state &* 1_664_525 &+ 1_013_904_223
            text += words[Int(state >> 16) % words.count]
            text += state >> 28 == 0 ? "\n" : " "
        }
        return text
    }
}

/// What a run leaves in its directory.
struct RunFiles {
    let path: String

    func checkpoint(_ step: Int) -> String {
        let digits = String(step)
        return "\(path)/checkpoints/step-" + String(repeating: "0", count: 8 - digits.count)
            + digits
    }

    func weights(_ step: Int) throws -> Data { try file("model.safetensors", of: step) }

    func adapter(_ step: Int) throws -> Data {
        try file("adapter_model.safetensors", of: step)
    }

    func moments(_ step: Int) throws -> Data { try file("optimizer.safetensors", of: step) }

    private func file(_ name: String, of step: Int) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(checkpoint(step))/\(name)"))
    }

    /// The lines of metrics.jsonl of one kind.
    func metrics(_ kind: String) throws -> [JSONValue] {
        let text = try Data(contentsOf: URL(filePath: path + "/metrics.jsonl"))
        return try text.split(separator: UInt8(ascii: "\n"))
            .map { try JSONValue(parsing: Array($0), at: path) }
            .filter { $0["kind"]?.string == kind }
    }

    /// The training lines without what depends on the machine.
    func steps() throws -> [JSONValue] {
        try metrics("train").map { line in
            let timing = ["seconds", "tokens_per_second", "peak_memory_bytes"]
            return .object((line.object ?? [:]).filter { !timing.contains($0.key) })
        }
    }

    func losses() throws -> [Double] { try metrics("train").compactMap { $0["loss"]?.double } }
}
