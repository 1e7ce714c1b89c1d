import DistributedRuns
import Foundation
import Testing

/// A short run of every fuzz target; SWIFT_LLM_FUZZ_SECONDS sets the length of each instead.
@Suite struct FuzzTests {
    private static let seconds = ProcessInfo.processInfo.environment["SWIFT_LLM_FUZZ_SECONDS"]
        .flatMap(Int.init)

    /// Few enough for a second, and always the same.
    private static let shortCount = 300

    @Test(arguments: [
        "shard", "safetensors", "tokenizer", "merges", "encoder", "config", "index", "manifest",
        "trainer_state", "metrics", "recipe", "llama2c", "llama2c_tokenizer", "sentencepiece",
        "conversations", "chat_template",
        "questions", "csv_texts", "tsv_texts", "json_texts", "adapter",
    ])
    func readerSurvivesDamagedFiles(target: String) async throws {
        let length = Self.seconds.map { ["--seconds", "\($0)"] }
        let run = try await DistributedRun.of(
            "FuzzTargets", [target] + (length ?? ["--runs", "\(Self.shortCount)"]), ranks: nil,
            seconds: 180 + (Self.seconds ?? 0))
        #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
        let words = run.output.split(separator: " ")
        let count = words.firstIndex(of: "inputs,").flatMap { Int(words[$0 - 1]) }
        #expect(try #require(count) >= (Self.seconds ?? Self.shortCount), "\(run.output)")
    }

    /// The corpus is read before anything is changed.
    @Test func failuresOfThePastAreRefusedOrRead() async throws {
        let run = try await DistributedRun.of(
            "FuzzTargets", ["--runs", "0"], ranks: nil, seconds: 180)
        #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
        #expect(run.output.split(separator: "\n").count == 21)
    }
}
