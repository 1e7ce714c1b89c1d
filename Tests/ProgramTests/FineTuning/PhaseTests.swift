import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// A recipe's phases in one run, and what a restart repeats of them.
    @Suite struct PhaseTests {
        private static let recipe = """
            name: all
            seed: 7
            phases: [prepare, pretrain, finetune, merge, export, generate]
            tokenizer: {path: tokenizer.json}
            prepare: {input: [text.txt]}
            model: {layer_count: 1, head_count: 2, embedding_size: 16, context_length: 16}
            train: {global_batch_size: 24, micro_batch_size: 2, steps: 4, lanes: 6,
                    threads_per_rank: 1}
            optimizer: {learning_rate: 1.0e-2, warmup_steps: 1}
            finetune:
              data: [chats.jsonl]
              template: template.json
              train: {global_batch_size: 12, micro_batch_size: 2, steps: 4, lanes: 6,
                      threads_per_rank: 1}
              optimizer: {learning_rate: 1.0e-2, warmup_steps: 1}
            lora: {rank: 2, alpha: 4}
            export: {format: gguf}
            generate: {prompt: the, maximum_tokens: 5}

            """

        private static let made = ["prepare", "pretrain", "finetune", "merge", "export"]
        private static let results = [
            "checkpoints/latest/model.safetensors",
            "finetune/checkpoints/latest/adapter_model.safetensors",
            "merged/model.safetensors", "exported.gguf",
        ]

        private func workspace() async throws -> Workspace {
            let workspace = try Workspace()
            try await workspace.succeed(
                "tokenizer train --kind character --input text.txt --output tokenizer.json")
            try workspace.writeExamples()
            try workspace.write(Self.recipe, to: "recipe.yaml")
            return workspace
        }

        /// Those that a restart did not repeat.
        private func skipped(_ run: DistributedRun) -> [String] {
            let lines = run.output.split(separator: "\n")
            return zip(lines, lines.dropFirst()).compactMap { phase, answer in
                answer.hasPrefix("finished before") ? String(phase.dropFirst("phase ".count)) : nil
            }
        }

        private func results(_ workspace: Workspace, in run: String) throws -> [Data] {
            try Self.results.map { try workspace.bytes("\(run)/\($0)") }
        }

        @Test func allPhasesRunInOneJobAndAreNotRepeated() async throws {
            let workspace = try await workspace()
            let first = try await workspace.succeed("run recipe.yaml output=run", ranks: 2)
            let announced = first.output.split(separator: "\n").filter { $0.hasPrefix("phase ") }
            #expect(announced == (Self.made + ["generate"]).map { "phase \($0)" })
            #expect(skipped(first).isEmpty)
            let made = try results(workspace, in: "run")

            let second = try await workspace.succeed("run recipe.yaml output=run --resume")
            #expect(skipped(second) == Self.made)
            #expect(try results(workspace, in: "run") == made)
            let texts = [first, second].map { $0.output.split(separator: "\n").last }
            #expect(texts[0] == texts[1] && texts[0]?.hasPrefix("the") == true)

            // More steps are gone on with, and what follows from them begins again.
            let more = "run recipe.yaml output=run --resume train.steps=6"
            let third = try await workspace.succeed(more, ranks: 3)
            #expect(skipped(third) == ["prepare"])
            #expect(third.output.contains("resuming from run/checkpoints/step-00000004"))
            #expect(
                third.output.contains(
                    "it begins again; the checkpoints so far are in run/finetune/checkpoints-1"))
            let fourth = try await workspace.succeed(more)
            #expect(skipped(fourth) == Self.made)
        }

        @Test func aPhaseIsRepeatedWhereItsFilesChanged() async throws {
            let workspace = try await workspace()
            try await workspace.succeed("run recipe.yaml output=run", ranks: 2)
            let chats = String(decoding: try workspace.bytes("chats.jsonl"), as: UTF8.self)
            try workspace.write(chats.replacing("king", with: "go"), to: "chats.jsonl")
            let again = "run recipe.yaml output=run --resume"
            let second = try await workspace.succeed(again, ranks: 2)
            #expect(skipped(second) == ["prepare", "pretrain"])
            try await workspace.succeed("run recipe.yaml output=fresh")
            #expect(try results(workspace, in: "run") == results(workspace, in: "fresh"))

            // The same tokenizer, other shards.
            let text = String(decoding: try workspace.bytes("text.txt"), as: UTF8.self)
            try workspace.write(String(text.reversed()), to: "text.txt")
            let third = try await workspace.succeed(again)
            #expect(skipped(third).isEmpty)
            try await workspace.succeed("run recipe.yaml output=other", ranks: 2)
            #expect(try results(workspace, in: "run") == results(workspace, in: "other"))
        }

        @Test func aFailedPhaseSaysHowToGoOn() async throws {
            let workspace = try await workspace()
            let chats = try workspace.bytes("chats.jsonl")
            try workspace.write(#"{"instruction": "king"}"#, to: "chats.jsonl")
            let failed = try await workspace.run("run recipe.yaml output=run", ranks: 2)
            #expect(failed.exitCode == 1)
            #expect(
                failed.errors.contains(
                    "the phase finetune failed; what is finished is kept: when the cause below is "
                        + "gone, run the recipe again with --resume"))
            #expect(failed.messages.count == 1)
            #expect(failed.messages.first?.contains("(chats.jsonl, line 1)") == true)
            try chats.write(to: URL(filePath: workspace("chats.jsonl")))
            let run = try await workspace.succeed("run recipe.yaml output=run --resume", ranks: 3)
            #expect(skipped(run) == ["prepare", "pretrain"])
        }
    }
}
