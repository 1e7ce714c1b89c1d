import Foundation
import JSON
import ModelFiles
import Testing
import Tokenizers

extension Jobs {
    /// Tokens that fine-tuning adds to a model.
    @Suite struct AddedTokenTests {
        private static let tokens =
            "finetune.add_tokens=[zebra] finetune.add_special_tokens=[<|tool|>,<|call|>] "

        /// A model with a byte-level tokenizer of 260 tokens, and chats that name words it lacks.
        private func withBase(tied: Bool) async throws -> Workspace {
            let workspace = try Workspace()
            try await workspace.succeed(
                "tokenizer train --vocabulary-size 260 --input text.txt --output tokenizer.json")
            try await workspace.succeed(
                "prepare --input text.txt --tokenizer tokenizer.json --output shards")
            try await workspace.pretrain(
                "base",
                "train.steps=5 evaluate.every_steps=0 model.architecture=llama model.context_length=32 "
                    + "model.tie_embeddings=\(tied)")
            try workspace.writeExamples()
            let chats = (0..<40).map { index in
                #"{"instruction": "zebra \#(index % 4)", "output": "<|tool|>my<|call|>"}"#
            }
            try workspace.write(chats.joined(separator: "\n"), to: "chats.jsonl")
            return workspace
        }

        @Test(arguments: [true, false])
        func adaptersHoldTheResizedTables(tied: Bool) async throws {
            let workspace = try await withBase(tied: tied)
            let alone = try await workspace.finetune("alone", Self.tokens)
            let others = try await workspace.finetune("others", Self.tokens, ranks: 3)
            #expect(try others.adapter(6) == alone.adapter(6))
            try await workspace.finetune("half", Self.tokens + "finetune.train.stop_after_steps=3")
            let resumed = try await workspace.finetune("half", Self.tokens + "--resume", ranks: 2)
            #expect(try resumed.adapter(6) == alone.adapter(6))

            let folder = "alone/finetune/checkpoints/latest"
            let file = try SafetensorsFile(
                path: workspace("\(folder)/adapter_model.safetensors"))
            for name in ["model.embed_tokens", "lm_head"] {
                #expect(file["base_model.model.\(name).weight"]?.shape == [263, 16], "\(name)")
            }
            let config = try JSONValue(
                parsing: Array(workspace.bytes("\(folder)/adapter_config.json")), at: folder)
            #expect(
                config["modules_to_save"]?.array?.compactMap(\.string)
                    == ["embed_tokens", "lm_head"])
            #expect(config["ensure_weight_tying"]?.boolean == (tied ? true : nil))
            try await expectExports(workspace, folder)
        }

        /// The adapter, its merge, and both exports write the same text.
        private func expectExports(_ workspace: Workspace, _ adapter: String) async throws {
            try await workspace.succeed("merge --adapter \(adapter) --output merged")
            try await workspace.succeed("export --model merged --output hf --format hf")
            try await workspace.succeed(
                "export --model merged --output merged.gguf --format gguf --type f32")
            let flags = "--prompt zebra --maximum-tokens 12 --temperature 0"
            let texts = try await [adapter, "merged", "hf", "merged.gguf"].asyncMap {
                try await workspace.succeed("generate --model \($0) \(flags)").output
            }
            #expect(Set(texts.dropLast()).count == 1, "\(texts)")
            // A GGUF file names one end of texts, and not that of answers.
            #expect(texts[3].hasPrefix(texts[0].dropLast()), "\(texts)")
            for path in ["hf", "merged.gguf"] {
                let tokenizer = try StoredModelFormat.tokenizer(workspace(path))
                #expect(try tokenizer.encode("zebra<|call|>") == [260, 262], "\(path)")
                #expect(try StoredModelFormat.open(workspace(path)).model.vocabularySize == 263)
            }
        }

        @Test func allWeightsLearnThemWithTheSameBits() async throws {
            let workspace = try await withBase(tied: true)
            let keys = Self.tokens + "finetune.trained=all "
            let alone = try await workspace.finetune("alone", keys)
            let others = try await workspace.finetune("others", keys, ranks: 2)
            #expect(try others.weights(6) == alone.weights(6))
            try await workspace.finetune("half", keys + "finetune.train.stop_after_steps=3")
            let resumed = try await workspace.finetune("half", keys + "--resume", ranks: 3)
            #expect(try resumed.weights(6) == alone.weights(6))
            let tables = try workspace.tensors("alone/finetune/checkpoints/latest")
            let rows = try #require(tables["model.embed_tokens.weight"])
            #expect(rows.count == 263 * 16)
            // They began as one row, and are three.
            let new: [[Float]] = (260..<263).map { Array(rows[16 * $0..<16 * $0 + 16]) }
            #expect(Set(new).count == 3)
        }

        /// A tokenizer that has grown, beside a model that has not.
        @Test func aTokenizerOfMoreTokensThanRowsIsRefusedOrResized() async throws {
            let workspace = try await withBase(tied: true)
            try workspace.copyModel("base/checkpoints/latest", to: "grown")
            let tokenizer = try TokenizerFile.adding(
                [.init("zebra")], to: TokenizerFile.load(workspace("tokenizer.json")))
            try Data(tokenizer.tokenizerJSON).write(
                to: URL(filePath: workspace("grown/tokenizer.json")))
            for command in [
                "generate --model grown --prompt the",
                "import --model grown --output imported",
                "finetune --config tune.yaml output=a finetune.from=grown",
            ] {
                let run = try await workspace.run(command)
                #expect(run.exitCode == 1, "\(command)")
                #expect(
                    run.errors.contains("the tokenizer has more tokens than the model"),
                    "\(run.errors)")
            }
            let run = try await workspace.succeed(
                "finetune --config tune.yaml output=b finetune.from=grown finetune.resize=true")
            #expect(
                (run.output + run.errors).contains("1 token added, from id 260 on"),
                "\(run.output)\(run.errors)")
            try await workspace.succeed(
                "generate --model b/finetune/checkpoints/latest --prompt zebra --maximum-tokens 3")
        }

        @Test(arguments: [
            ("finetune.trained=last_blocks", "would not be learnt"),
            (
                "finetune.trained=all finetune.train.freeze=['*embed_tokens*']",
                "would not be learnt"
            ),
            (
                "finetune.from=first/finetune/checkpoints/latest",
                "tokens cannot be added to an adapter"
            ),
        ])
        func whatWouldNotLearnThemIsRefused(keys: String, problem: String) async throws {
            let workspace = try await withBase(tied: true)
            if keys.contains("first") {
                try await workspace.finetune("first", "finetune.train.steps=2")
            }
            let run = try await workspace.run(
                "finetune --config tune.yaml output=a " + Self.tokens + keys)
            #expect(run.exitCode == 64, "\(run.errors)")
            #expect(run.errors.contains(problem), "\(run.errors)")
        }
    }
}
