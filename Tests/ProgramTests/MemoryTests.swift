import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// Memory and disk that do not do are told before anything is computed.
    @Suite struct MemoryTests {
        private func run(
            _ command: String, limit: String, in workspace: Workspace, ranks: Int? = nil
        ) async throws -> DistributedRun {
            let launcher = ranks.map { "mpirun --oversubscribe -n \($0) " } ?? ""
            let program = DistributedRun.executable("swift-llm-train")
            return try await DistributedRun.of(
                command: ["bash", "-c", "\(limit); exec \(launcher)\(program) \(command)"],
                seconds: 60, folder: workspace.path)
        }

        @Test(arguments: [nil, 2])
        func aModelThatDoesNotFitIsRefusedBeforeTheFirstStep(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let run = try await run(
                "pretrain --config recipe.yaml model.preset=gpt2-774m train.steps=2",
                limit: "ulimit -v 3000000", in: workspace, ranks: ranks)
            #expect(run.exitCode == 1)
            #expect(run.messages.count == 1, "\(run.errors)")
            let line = try #require(run.messages.first)
            #expect(
                line.contains("this training needs more memory than there is: expected at most"))
            #expect(line.contains("moments 6.19 GB") || line.contains("weights 3.1"), "\(line)")
            #expect(line.hasSuffix("or raise the limit"))
            #expect(workspace.lineCount("run/metrics.jsonl") == 0)
        }

        @Test func whatWouldFitIsNamedAndFits() async throws {
            let workspace = try Workspace(size: 10)
            let sizes = "bench --quick --steps 1 --preset gpt2-micro --sequence-length 256 "
            let limit = "ulimit -v 1000000"
            let large = try await run(sizes + "--micro-batch-size 512", limit: limit, in: workspace)
            #expect(large.exitCode == 1)
            let line = try #require(large.messages.first, "\(large.errors)")
            let found = try #require(line.firstMatch(of: /fits with train.micro_batch_size=(\d+)/))
            let count = try #require(Int(found.output.1))
            #expect(count >= 1 && count < 512)
        }

        @Test(arguments: ["generate --prompt the", "evaluate --data shards"])
        func aModelThatCannotBeLoadedIsALine(command: String) async throws {
            let workspace = try await Workspace.prepared()
            try await workspace.pretrain("run", "train.steps=1 evaluate.every_steps=0")
            try Self.pretendLarge(workspace)
            let run = try await run(
                "\(command) --model run/checkpoints/latest", limit: "ulimit -v 2000000",
                in: workspace)
            #expect(run.exitCode == 1)
            #expect(run.messages.count == 1, "\(run.errors)")
            #expect(
                run.messages.first?.contains("this model needs more memory than there is") == true,
                "\(run.errors)")
        }

        /// A table of a billion positions, in a file that takes no room.
        private static func pretendLarge(_ workspace: Workspace) throws {
            let folder = workspace("run/checkpoints/latest")
            let rows = 1 << 26
            let config = try String(contentsOfFile: folder + "/config.json", encoding: .utf8)
            try config.replacing("\"n_positions\": 16", with: "\"n_positions\": \(rows)")
                .replacing("\"n_ctx\": 16", with: "\"n_ctx\": \(rows)")
                .write(toFile: folder + "/config.json", atomically: false, encoding: .utf8)
            let path = folder + "/model.safetensors"
            let bytes = try Data(contentsOf: URL(filePath: path))
            let headerSize = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            let header = String(decoding: bytes[8..<8 + headerSize], as: UTF8.self)
            var entries = try #require(
                JSONSerialization.jsonObject(with: Data(header.utf8)) as? [String: Any])
            var table = try #require(entries["transformer.wpe.weight"] as? [String: Any])
            let start = bytes.count - 8 - headerSize
            let size = rows * 16 * 4
            table["shape"] = [rows, 16]
            table["data_offsets"] = [start, start + size]
            entries["transformer.wpe.weight"] = table
            var text = try JSONSerialization.data(withJSONObject: entries)
            while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
            var count = UInt64(text.count).littleEndian
            var out = Data(bytes: &count, count: 8)
            out += text
            out += bytes[(8 + headerSize)...]
            try out.write(to: URL(filePath: path))
            try #require(truncate(path, out.count + size) == 0)
        }

        @Test func aCheckpointLargerThanAFileMayBeIsToldAtTheStart() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await run(
                "pretrain --config recipe.yaml", limit: "ulimit -f 50", in: workspace)
            #expect(run.exitCode == 1)
            #expect(
                run.messages.first?.contains("larger than this process may write") == true,
                "\(run.errors)")
            #expect(workspace.lineCount("run/metrics.jsonl") == 0)
        }

        @Test func theQuickStartWarnsOfNothingOfItsOwn() async throws {
            let workspace = try Workspace(size: 10)
            let run = try await workspace.succeed("run train.steps=2 evaluate.batches=1")
            #expect(!run.errors.contains("warning"), "\(run.errors)")
        }
    }
}
