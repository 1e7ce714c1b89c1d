import DistributedRuns
import Foundation
import FuzzTargets
import Testing

/// A short run of every fuzz target; `launch/test` fuzzes all of them for 22 minutes before.
@Suite struct FuzzTests {
    /// Few enough for a second, and always the same.
    private static let shortCount = 300
    private static let names = FuzzTarget.all.map(\.name)

    @Test(arguments: names) func readerSurvivesDamagedFiles(target: String) async throws {
        let run = try await DistributedRun.of(
            "FuzzTargets", [target, "--runs", "\(Self.shortCount)"], ranks: nil, seconds: 180)
        #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
        #expect(try count(run) >= Self.shortCount)
    }

    /// The corpus is read before anything is changed.
    @Test func failuresOfThePastAreRefusedOrRead() async throws {
        let run = try await DistributedRun.of(
            "FuzzTargets", ["--runs", "0"], ranks: nil, seconds: 180)
        #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
        #expect(run.output.split(separator: "\n").count == Self.names.count)
    }

    /// Seconds in which the process is stopped do not count.
    @Test func secondsAreThoseOfTheProcessor() async throws {
        let script = """
            TIMEFORMAT='%U %S'
            time { "$1" merges --seconds 1 & sleep 0.3; kill -STOP $!; sleep 1; kill -CONT $!; wait $!; }
            """
        let run = try await DistributedRun.of(
            command: ["bash", "-c", script, "bash", DistributedRun.executable("FuzzTargets")],
            seconds: 180)
        #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
        let times = run.errors.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        #expect(times.count == 2 && times.reduce(0, +) >= 1, "\(run.errors)")
    }

    private func count(_ run: DistributedRun) throws -> Int {
        let words = run.output.split(separator: " ")
        let end = try #require(words.firstIndex(of: "inputs,"), "\(run.output)")
        return try #require(Int(words[end - 1]))
    }
}
