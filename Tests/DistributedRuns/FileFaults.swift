import Foundation

/// A library that makes faults of file systems in the processes before which it is put.
package enum FileFaults {
    private static let source = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Scripts/faults.c").path

    /// The environment that makes `faults`, variables of Tests/Scripts/faults.c without `FAULT_`.
    package static func environment(_ faults: [String: String]) async throws -> [String: String] {
        let library = try await library.value
        var environment = ["LD_PRELOAD": library]
        for (name, value) in faults { environment["FAULT_\(name)"] = value }
        return environment
    }

    /// Compiled once by each process of tests.
    private static let library = Task<String, any Error> {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("faults-\(getpid()).so").path
        let compiler = try await DistributedRun.of(
            command: ["cc", "-shared", "-fPIC", "-o", path, source, "-ldl"])
        guard compiler.exitCode == 0 else { throw CompilerFailure(errors: compiler.errors) }
        return path
    }

    private struct CompilerFailure: Error {
        let errors: String
    }
}
