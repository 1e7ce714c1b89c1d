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
            // Ranks of a node share them out.
            let moments = ranks == nil ? "moments 5.68 GB" : "moments 2.84 GB"
            #expect(line.contains(moments), "\(line)")
            #expect(line.hasSuffix("or raise the limit"))
            #expect(workspace.lineCount("run/metrics.jsonl") == 0)
        }

        @Test func whatWouldFitIsNamed() async throws {
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

        /// A table of 67 million positions, in a file that takes no room.
        private static func pretendLarge(_ workspace: Workspace) throws {
            let folder = workspace("run/checkpoints/latest")
            let rows = 1 << 26
            let config = try String(contentsOfFile: folder + "/config.json", encoding: .utf8)
            try config.replacing("\"n_positions\": 16", with: "\"n_positions\": \(rows)")
                .replacing("\"n_ctx\": 16", with: "\"n_ctx\": \(rows)")
                .write(toFile: folder + "/config.json", atomically: false, encoding: .utf8)
            try lengthen(
                "transformer.wpe.weight", to: [rows, 16], in: folder + "/model.safetensors")
        }

        /// Gives a tensor more rows, which are a hole; the tensors behind it move.
        private static func lengthen(_ name: String, to shape: [Int], in path: String) throws {
            let bytes = try Data(contentsOf: URL(filePath: path))
            let headerSize = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            let data = bytes.dropFirst(8 + headerSize)
            var entries = try #require(
                JSONSerialization.jsonObject(with: bytes[8..<8 + headerSize]) as? [String: Any])
            let old = try #require(
                (entries[name] as? [String: Any])?["data_offsets"] as? [Int])
            let added = shape.reduce(4, *) - (old[1] - old[0])
            for (key, value) in entries {
                guard var entry = value as? [String: Any],
                    let offsets = entry["data_offsets"] as? [Int]
                else { continue }
                if key == name { entry["shape"] = shape }
                entry["data_offsets"] = offsets.map { $0 >= old[1] ? $0 + added : $0 }
                entries[key] = entry
            }
            var text = try JSONSerialization.data(withJSONObject: entries)
            text.append(Data(repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
            var size = UInt64(text.count).littleEndian
            try (Data(bytes: &size, count: 8) + text + data.prefix(old[1]))
                .write(to: URL(filePath: path))
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            try file.seek(toOffset: UInt64(8 + text.count + old[1] + added))
            try file.write(contentsOf: data.dropFirst(old[1]))
            try file.close()
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
