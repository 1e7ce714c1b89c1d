import DistributedRuns
import Testing

extension Jobs {
    /// The versions of the libraries belong to what decides the bits.
    @Suite struct KernelLibraryTests {
        /// Another oneDNN, by its word.
        private static let other = """
            typedef struct {
                int major, minor, patch;
                const char *hash;
                unsigned processors, accelerators;
            } version;
            const version *dnnl_version(void) {
                static const version other = {9, 8, 7, "", 2, 0};
                return &other;
            }
            """

        @Test func aResumeOnAnotherVersionSaysThatTheBitsWillDiffer() async throws {
            let workspace = try await Workspace.prepared()
            let shim = try await workspace.shim(Self.other)
            try await workspace.pretrain("run", "train.stop_after_steps=5")
            func resume(_ keys: String, _ environment: [String: String]) async throws -> String {
                let job = try await workspace.succeed(
                    "pretrain --config recipe.yaml output=run --resume " + keys,
                    environment: environment)
                return job.output + job.errors
            }
            let same = try await resume("train.stop_after_steps=10", [:])
            #expect(!same.contains("from here on the bits differ"))
            let kernels = ["SWIFT_LLM_KERNELS": "onednn", "LD_PRELOAD": shim]
            let changed = try await resume("", kernels)
            #expect(changed.contains("from here on the bits differ"), "\(changed)")
            #expect(changed.contains("now it is oneDNN 9.8.7 "), "\(changed)")
        }

        @Test func ranksOfOtherVersionsAreRefusedAndBothNamed() async throws {
            let workspace = try await Workspace.prepared()
            let shim = try await workspace.shim(Self.other)
            let program = DistributedRun.executable("swift-llm-train")
            let command = [program, "pretrain", "--config", "recipe.yaml"]
            let run = try await DistributedRun.of(
                command: ["mpirun", "--oversubscribe", "-n", "1"] + command
                    + [":", "-n", "1", "env", "LD_PRELOAD=\(shim)"] + command,
                folder: workspace.path)
            #expect(run.exitCode == 1)
            #expect(run.messages.count == 1, "\(run.errors)")
            let message = run.messages.first ?? ""
            #expect(message.contains("the ranks compute with different kernels"))
            #expect(message.contains(", as on rank 0, got oneDNN 9.8.7 "), "\(message)")
            #expect(message.contains(" on rank 1; "), "\(message)")
        }
    }
}
