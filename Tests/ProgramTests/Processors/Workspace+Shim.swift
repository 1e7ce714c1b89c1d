import DistributedRuns
import Testing

extension Workspace {
    /// Compiles functions that take the place of those of the system or of a library; returns the path to
    /// give as LD_PRELOAD.
    func shim(_ code: String) async throws -> String {
        try write(code, to: "shim.c")
        let job = try await DistributedRun.of(
            command: ["cc", "-shared", "-fPIC", "-o", "shim.so", "shim.c"], folder: path)
        #expect(job.exitCode == 0, "\(job.errors)")
        return self("shim.so")
    }
}
