import Foundation
import JSON
import Testing

private let dataFolder = ProcessInfo.processInfo.environment["SWIFT_LLM_DATA"]

extension Jobs {
    /// What shows only after many steps.
    @Suite struct LongRunTests {
        /// The allocator's caches settle after the first steps.
        static let memorySlack = 2 << 20
        /// Batches are read ahead: a step takes them, it does not wait for them.
        static let waitingShare = 0.05

        @Test func memoryDoesNotGrow() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.pretrain(
                "run",
                "train.steps=1000 train.lanes=1 train.global_batch_size=4 "
                    + "train.micro_batch_size=4 checkpoint.every_steps=0 evaluate.every_steps=0")
            let lines = try run.metrics("train")
            #expect(lines.map { $0["step"]?.integer } == Array(1...1000))
            let memory = lines.compactMap { $0["peak_memory_bytes"]?.integer }
            #expect(memory[999] - memory[9] < Self.memorySlack, "\(memory[9]) to \(memory[999])")
        }

        @Test func dataIsNotWaitedFor() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.pretrain(
                "run", "train.steps=50 model.embedding_size=128 evaluate.every_steps=0")
            let shares = try run.metrics("train").compactMap { line -> Double? in
                guard let seconds = line["seconds"], let data = seconds["data"]?.double,
                    let total = seconds["total"]?.double
                else { return nil }
                return data / total
            }
            #expect(shares.count == 50)
            #expect(shares.sorted()[25] < Self.waitingShare)
        }

        @Test(.enabled(if: dataFolder != nil, "SWIFT_LLM_DATA names the folder of real data"))
        func tinyShakespeareIsLearntOnTwoRanks() async throws {
            let workspace = try Workspace(size: 10)
            let recipe = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../launch/recipes/shakespeare-char.yaml").path
            let text = "\(try #require(dataFolder))/text/tinyshakespeare.txt"
            let run = try await workspace.succeed(
                "run \(recipe) prepare.input=\(text) train.steps=60 optimizer.warmup_steps=10",
                ranks: 2)
            let losses = try RunFiles(path: workspace("runs/shakespeare-char")).losses()
            #expect(losses.count == 60)
            #expect(losses[0] > 4 && losses.suffix(10).reduce(0, +) / 10 < 3.0)
            #expect(run.output.split(separator: "\n").last?.hasPrefix("{\"bits_per_byte\"") == true)
        }
    }
}
