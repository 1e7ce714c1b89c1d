import DistributedRuns
import Foundation
import JSON
import Runs
import Tensors
import Testing

extension Jobs {
    /// Runs on kernels that were chosen in one way or another.
    @Suite struct KernelRunTests {
        private static let keys = "train.precision=bf16 train.steps=6 model.embedding_size=64 "
        private static let pin = KernelChoice.variable
        private static let ways = ["onednn", "onednn-widened"]

        /// A cache by which bfloat16 is widened, or is not.
        private func cache(widens: Bool, in folder: String) throws -> [String: String] {
            let (slow, fast) = ([2.0, 2, 2], [1.0, 1, 1])
            let environment = [Self.pin: "", "XDG_CACHE_HOME": folder]
            let inherited = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            let cache = KernelCache(environment: inherited, kernels: ComputeKernels.prepare())
            let usual = ProductKernels.usual.floats
            var times = Dictionary(
                uniqueKeysWithValues: ProductCandidate.all.map { ($0, fast) })
            times[widens ? .bfloat16 : .widened(usual)] = slow
            #expect(cache.write(ProductTimes(times)))
            return environment
        }

        @Test(.enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"))
        func aResumeKeepsTheKernelsOfItsCheckpoint() async throws {
            let workspace = try await Workspace.prepared()
            for (index, way) in Self.ways.enumerated() {
                let pinned = [Self.pin: way]
                let whole = try await workspace.pretrain(
                    "whole-\(way)", Self.keys, environment: pinned)
                try await workspace.pretrain(
                    "run-\(way)", Self.keys + "train.stop_after_steps=5", environment: pinned)
                // The measurement says the contrary.
                let cached = try cache(widens: index == 0, in: workspace("cache-\(way)"))
                let job = try await workspace.succeed(
                    "pretrain --config recipe.yaml output=run-\(way) --resume " + Self.keys,
                    environment: cached)
                let text = job.output + job.errors
                #expect(text.contains("these are the kernels of the run so far"))
                #expect(!text.contains("from here on the bits"))
                let run = RunFiles(path: workspace("run-\(way)"))
                #expect(try run.weights(6) == whole.weights(6))
                #expect(try run.steps() == whole.steps())
            }
            let weights = try Self.ways.map {
                try RunFiles(path: workspace("run-\($0)")).weights(6)
            }
            #expect(weights[0] != weights[1])
        }

        @Test(.enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"))
        func aPinOverrulesTheCheckpointAndSaysSo() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain(
                "run", Self.keys + "train.stop_after_steps=5",
                environment: [Self.pin: "onednn-widened"])
            let job = try await workspace.succeed(
                "pretrain --config recipe.yaml output=run --resume " + Self.keys,
                environment: [Self.pin: "onednn"])
            #expect((job.output + job.errors).contains("from here on the bits"))
        }

        @Test(
            .enabled(if: ComputeKernels.hasBFloat16, "the processor has no bfloat16"),
            arguments: ways)
        func bfloat16BitsAreTheSameOnOneAndTwoRanks(way: String) async throws {
            let workspace = try await Workspace.prepared()
            let pinned = [Self.pin: way]
            let one = try await workspace.pretrain("one", Self.keys, environment: pinned)
            let threads = try await workspace.pretrain(
                "threads", Self.keys + "train.threads_per_rank=2", environment: pinned)
            let two = try await workspace.pretrain(
                "two", Self.keys, ranks: 2, environment: pinned)
            for run in [threads, two] {
                #expect(try run.weights(6) == one.weights(6))
                #expect(try run.steps() == one.steps())
            }
        }

        @Test func aStepIsReplayedOnTheKernelsOfItsCheckpoint() async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain(
                "run", Self.keys, environment: [Self.pin: Self.ways[0]])
            let cached = try cache(widens: true, in: workspace("cache"))
            let job = try await workspace.succeed(
                "replay --run run --step 6", environment: cached)
            #expect(job.output.contains("bit for bit") || job.output.contains("same bits"))
        }

        @Test(arguments: ["doctor --quick", "bench --quick", "pretrain --config recipe.yaml"])
        func aWrongPinIsWrongUsage(command: String) async throws {
            let workspace = try await Workspace.prepared()
            for ranks in [nil, 2] as [Int?] {
                let run = try await workspace.run(
                    command, ranks: ranks, environment: [Self.pin: "fast"])
                #expect(run.exitCode == 64)
                #expect(run.messages.count == 1)
                #expect(run.messages.first?.contains("SWIFT_LLM_KERNELS names no kernels") == true)
            }
        }

        @Test func pinsThatDifferAreRefused() async throws {
            let program = DistributedRun.executable("swift-llm-train")
            let part = ["-n", "1", "env", "\(Self.pin)=onednn", program, "doctor", "--quick"]
            let other = ["-n", "1", "env", "\(Self.pin)=", program, "doctor", "--quick"]
            let run = try await DistributedRun.of(
                command: ["mpirun", "--oversubscribe"] + part + [":"] + other)
            #expect(run.exitCode == 64)
            #expect(
                run.messages == [
                    "swift-llm-train: SWIFT_LLM_KERNELS is not the same on all ranks: expected "
                        + "onednn, as on rank 0, got nothing on rank 1; give it to all hosts: "
                        + "mpirun -x SWIFT_LLM_KERNELS"
                ])
        }

        /// The first start measures and keeps, the second finds it; a rank that has nothing makes all
        /// measure.
        @Test func theFirstStartMeasures() async throws {
            let workspace = try Workspace(size: 100)
            func origin(ranks: Int, cache: String) async throws -> String? {
                let job = try await workspace.succeed(
                    "doctor --json --quick", ranks: ranks,
                    environment: [Self.pin: "", "XDG_CACHE_HOME": workspace(cache)])
                let json = try JSONValue(parsing: Array(job.output.utf8), at: "the output")
                #expect(json["kernels"]?["gflops"]?["fp32 onednn"]?.double ?? 0 > 0)
                return json["kernels"]?["origin"]?.string
            }
            #expect(try await origin(ranks: 1, cache: "cache") == "measured")
            #expect(try await origin(ranks: 2, cache: "cache") == "cache")
            #expect(try await origin(ranks: 2, cache: "text.txt") == "measured")
        }
    }
}
