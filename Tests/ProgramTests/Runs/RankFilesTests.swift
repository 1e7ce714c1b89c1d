import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// Ranks that have other files at the same paths, as on hosts without a shared file system.
    @Suite struct RankFilesTests {
        /// Two ranks of the program, in `here` and `there`.
        private func run(_ command: String, _ workspace: Workspace) async throws -> DistributedRun {
            let program = DistributedRun.executable("swift-llm-train")
            let arguments = command.split(separator: " ").map(String.init)
            let ranks = ["here", "there"].map { folder in
                ["-n", "1", "--wdir", workspace(folder), program] + arguments
            }
            return try await DistributedRun.of(
                command: ["mpirun", "--oversubscribe"] + ranks[0] + [":"] + ranks[1],
                folder: workspace.path)
        }

        /// A copy of everything for each rank.
        private func workspace() async throws -> Workspace {
            let workspace = try await Workspace.withBase()
            let names = try FileManager.default.contentsOfDirectory(atPath: workspace.path)
            for folder in ["here", "there"] {
                try FileManager.default.createDirectory(
                    atPath: workspace(folder), withIntermediateDirectories: true)
                for name in names {
                    try FileManager.default.copyItem(
                        atPath: workspace(name), toPath: workspace("\(folder)/\(name)"))
                }
            }
            return workspace
        }

        private func expectRefusal(
            _ run: DistributedRun, _ parts: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(run.exitCode != 0, sourceLocation: sourceLocation)
            #expect(run.messages.count == 1, "\(run.errors)", sourceLocation: sourceLocation)
            for part in parts {
                #expect(run.errors.contains(part), "\(run.errors)", sourceLocation: sourceLocation)
            }
        }

        @Test func otherShardsOnARankAreNamed() async throws {
            let workspace = try await workspace()
            let text = String(decoding: try workspace.bytes("text.txt"), as: UTF8.self)
            try workspace.write(String(text.reversed()), to: "there/text.txt")
            try await workspace.succeed(
                "prepare --input there/text.txt --tokenizer tokenizer.json --output other")
            for name in ["train-00000.h5", "validation-00000.h5"] {
                try workspace.bytes("other/\(name)").write(
                    to: URL(filePath: workspace("there/shards/\(name)")))
            }
            let pretrained = try await run("pretrain --config recipe.yaml", workspace)
            expectRefusal(
                pretrained,
                [
                    "the ranks have different files: expected 5400 tokens in ", " on rank 0, got ",
                    " on rank 1 (shards/train-00000.h5); put the same files there on all hosts",
                ])
            let evaluated = try await run(
                "evaluate --model base/checkpoints/latest --data shards", workspace)
            expectRefusal(evaluated, ["on rank 1 (shards/validation-00000.h5)"])
        }

        @Test func examplesInAnotherOrderOnARankAreNamed() async throws {
            let workspace = try await workspace()
            for name in ["chats.jsonl", "texts.tsv"] {
                let lines = String(decoding: try workspace.bytes(name), as: UTF8.self)
                    .split(separator: "\n")
                try workspace.write(
                    lines.reversed().joined(separator: "\n"), to: "there/\(name)")
            }
            expectRefusal(
                try await run("finetune --config tune.yaml", workspace),
                ["the ranks have different files: expected ", "on rank 1 (chats.jsonl)"])
            expectRefusal(
                try await run("finetune --config tune.yaml " + Workspace.classification, workspace),
                ["on rank 1 (texts.tsv)"])
            let question = #"{"query": "the king", "choices": ["be", "not"], "gold": "#
            try workspace.write(question + "1}", to: "here/kings.jsonl")
            try workspace.write(question + "0}", to: "there/kings.jsonl")
            expectRefusal(
                try await run(
                    "evaluate --model base/checkpoints/latest --tasks kings.jsonl", workspace),
                ["on rank 1 (kings.jsonl)"])
        }

        @Test func anotherRecipeOrModelOnARankIsNamed() async throws {
            let workspace = try await workspace()
            let recipe = String(decoding: try workspace.bytes("recipe.yaml"), as: UTF8.self)
            try workspace.write(
                recipe.replacing("learning_rate: 1.0e-2", with: "learning_rate: 2.0e-2"),
                to: "there/recipe.yaml")
            expectRefusal(
                try await run("pretrain --config recipe.yaml", workspace),
                [
                    "the ranks have different recipes: expected 0.01 on rank 0, got 0.02 on rank 1 "
                        + "(optimizer.learning_rate)"
                ])
            try workspace.replace(
                "transformer.wte.weight",
                of: "there/base/checkpoints/step-00000005/model.safetensors", by: [0.5])
            expectRefusal(
                try await run(
                    "evaluate --model base/checkpoints/latest --data shards", workspace),
                ["the ranks have different files", "on rank 1 (base/checkpoints/latest)"])
        }
    }
}
