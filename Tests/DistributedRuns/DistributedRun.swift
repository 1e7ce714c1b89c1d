import Foundation
import Subprocess

/// One run of a program of this package on several ranks, under a hard limit of time.
///
/// `timeout` stands above `mpirun`, so that no test hangs and no rank outlives it.
package struct DistributedRun: Sendable {
    package var output: String
    package var errors: String
    /// 124 where the limit ended the run, minus the signal's number where a signal did.
    package var exitCode: Int

    /// The lines that the program itself wrote on standard error; mpirun adds a banner.
    package var messages: [String] {
        errors.split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("swift-llm-train: ") }
    }

    /// How long all processes of the run took to end after the signal; nil without one.
    package var secondsToEnd: Double?

    /// Starts `program` on `ranks` ranks, or without a launcher where `ranks` is nil.
    ///
    /// - Parameters:
    ///   - folder: the working directory.
    ///   - input: what the program reads on standard input.
    package static func of(
        _ program: String, _ arguments: [String], ranks: Int?, seconds: Int = 60,
        environment: [String: String] = [:], folder: String = ".", input: String = "",
        signal: Signal? = nil
    ) async throws -> DistributedRun {
        let launcher = ranks.map { Self.launcher + ["\($0)"] } ?? []
        return try await of(
            command: launcher + [executable(program)] + arguments, seconds: seconds,
            environment: environment, folder: folder, input: input, signal: signal)
    }

    /// As above, of any command.
    package static func of(
        command words: [String], seconds: Int = 60, environment: [String: String] = [:],
        folder: String = ".", input: String = "", signal: Signal? = nil
    ) async throws -> DistributedRun {
        var command = ["--kill-after=2", "\(seconds)", "env", "--chdir=\(folder)"]
        if let signal { command += ["bash", "-c", signal.script, "bash"] }
        command += words

        let variables = inheritedVariables.merging(environment) { $1 }
            .map { (Environment.Key(stringLiteral: $0.key), $0.value) }
        let result = try await run(
            .name("timeout"), arguments: Arguments(command),
            environment: .custom(Dictionary(uniqueKeysWithValues: variables)),
            input: .string(input), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))

        let exitCode =
            switch result.terminationStatus {
            case .exited(let code): Int(code)
            case .signaled(let signal): -Int(signal)
            }
        let lines = result.standardError.components(separatedBy: Signal.mark)
        return DistributedRun(
            output: result.standardOutput, errors: lines[0], exitCode: exitCode,
            secondsToEnd: lines.count > 1 ? Double(lines[1].prefix { $0 != "\n" }) : nil)
    }

    /// The path of a program of this package.
    package static func executable(_ program: String) -> String {
        productsFolder.appendingPathComponent(program).path
    }

    /// SwiftPM puts all products into one folder: the test bundle and the programs. Those of another MPI
    /// lie in the folder that SWIFT_LLM_TEST_PROGRAMS names.
    private static let productsFolder =
        ProcessInfo.processInfo.environment["SWIFT_LLM_TEST_PROGRAMS"].map {
            URL(fileURLWithPath: $0)
        }
        ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()

    /// What starts ranks, up to their number; SWIFT_LLM_TEST_LAUNCHER names that of another MPI.
    package static let launcher =
        ProcessInfo.processInfo.environment["SWIFT_LLM_TEST_LAUNCHER"].map {
            $0.split(separator: " ").map(String.init)
        } ?? ["mpirun", "--oversubscribe", "-n"]

    /// The tests' environment without the marks of a launcher above them, and with what mpirun
    /// wants in containers: leave for root, and no single-copy calls, which seccomp may forbid.
    private static let inheritedVariables = ProcessInfo.processInfo.environment
        .filter { name, _ in
            !["OMPI_", "PMIX_", "PMI_", "SLURM_"].contains { name.hasPrefix($0) }
        }
        .merging([
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
        ]) { $1 }
        // No test depends on a measurement, or leaves one behind.
        .merging(["SWIFT_LLM_KERNELS": "default"]) { inherited, _ in inherited }
}
