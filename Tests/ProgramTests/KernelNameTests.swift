import Testing

extension Jobs {
    @Suite struct KernelNameTests {
        @Test func aResumeOnOtherKernelsSaysThatTheBitsWillDiffer() async throws {
            let workspace = try await Workspace.prepared()
            func start(_ keys: String, _ environment: [String: String] = [:]) async throws -> Int {
                let job = try await workspace.succeed(
                    "pretrain --config recipe.yaml output=run " + ExchangeTests.sizes + keys,
                    environment: environment)
                return (job.output + job.errors).split(separator: "from here on the bits").count - 1
            }
            #expect(try await start("train.stop_after_steps=1") == 0)
            #expect(try await start("train.stop_after_steps=2 --resume") == 0)
            let others = ["DNNL_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Nehalem"]
            #expect(try await start("train.stop_after_steps=3 --resume", others) == 1)
        }
    }
}
