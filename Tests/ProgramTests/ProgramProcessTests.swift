import Foundation
import Subprocess
import Testing

/// The built program, as a shell runs it.
@Suite struct ProgramProcessTests {
    /// The program lies beside the test bundle.
    private func run(
        _ arguments: [String]
    ) async throws -> (exitCode: Int32, output: String, error: String) {
        let program = URL(fileURLWithPath: CommandLine.arguments[0])
            .deletingLastPathComponent().appendingPathComponent("swift-llm-train").path
        let result = try await Subprocess.run(
            .path(.init(program)), arguments: Arguments(arguments),
            output: .string(limit: 65_536), error: .string(limit: 65_536))
        guard case .exited(let code) = result.terminationStatus else {
            Issue.record("expected an exit, got \(result.terminationStatus)")
            return (-1, "", "")
        }
        return (code, result.standardOutput, result.standardError)
    }

    @Test func wrongUsageIsOneLineOnStandardErrorAndExits64() async throws {
        let result = try await run(["inspekt"])
        #expect(result.exitCode == 64)
        #expect(result.output.isEmpty)
        #expect(result.error.hasPrefix("swift-llm-train: unknown command inspekt: "))
        #expect(result.error.split(separator: "\n").count == 1)
        #expect(result.error.hasSuffix("; did you mean inspect?\n"))
    }

    @Test func helpGoesToStandardOutputAndExits0() async throws {
        let result = try await run(["--help"])
        #expect(result.exitCode == 0)
        #expect(result.output.contains("USAGE: swift-llm-train"))
        #expect(result.error.isEmpty)
    }
}
