import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// Infinity and NaN: no command takes them for figures, and none goes on with them.
    @Suite struct NonFiniteTests {
        private static let tensor = "transformer.h.0.mlp.c_fc.weight"

        /// A model in `bad` one of whose weights is NaN, and one in `large` whose weights are finite
        /// and whose logits are not.
        private func workspace() async throws -> Workspace {
            let workspace = try await Workspace.withBase()
            for name in ["bad", "large"] {
                try workspace.copyModel("base/checkpoints/latest", to: name)
            }
            try workspace.replace(
                Self.tensor, of: "bad/model.safetensors", from: 34, by: [.nan])
            try workspace.replace(
                "transformer.ln_f.weight", of: "large/model.safetensors",
                by: Array(repeating: 3e38, count: 16))
            try workspace.write(
                #"{"query": "the king", "choices": ["be", "not"], "gold": 1}"#, to: "kings.jsonl")
            return workspace
        }

        @Test func aModelWithANaNIsRefusedWhereverItIsLoaded() async throws {
            let workspace = try await workspace()
            let sizes =
                "model.layer_count=null model.head_count=null model.embedding_size=null "
                + "model.context_length=null"
            for command in [
                "evaluate --model bad --data shards", "evaluate --model bad --tasks kings.jsonl",
                "generate --model bad --prompt the", "import --model bad --output imported",
                "export --model bad --output exported",
                "pretrain --config recipe.yaml output=more init.from=bad \(sizes)",
                "finetune --config tune.yaml output=tuned finetune.from=bad",
                "finetune --config tune.yaml output=head finetune.from=bad "
                    + Workspace.classification + "finetune.trained=head",
            ] {
                let run = try await workspace.run(command)
                #expect(run.exitCode == 1, "\(command): \(run.output)")
                #expect(
                    run.messages.first?.hasPrefix(
                        "swift-llm-train: the tensor \(Self.tensor) is not finite: expected "
                            + "numbers, got nan at element 34 (bad/model.safetensors); ") == true,
                    "\(command): \(run.errors)")
                #expect(run.messages.count == 1, "\(command)")
            }
        }

        @Test func anAdapterWithAnInfinityIsRefused() async throws {
            let workspace = try await workspace()
            try await workspace.finetune("tuned", "finetune.trained=lora")
            try workspace.copyModel("tuned/finetune/checkpoints/latest", to: "adapter")
            let file = "adapter/adapter_model.safetensors"
            let tensor = "base_model.model.transformer.h.0.attn.c_attn.lora_B.weight"
            try workspace.replace(tensor, of: file, from: 1, by: [-.infinity])
            for command in [
                "generate --model adapter --prompt the", "merge --adapter adapter --output merged",
            ] {
                let run = try await workspace.run(command)
                #expect(run.exitCode == 1, "\(command)")
                #expect(
                    run.errors.contains(
                        "the tensor \(tensor) is not finite: expected numbers, got -inf at element 1 "
                            + "(\(file))"), "\(command): \(run.errors)")
            }
        }

        @Test func aFigureThatIsNotFiniteIsNullAndTheExitIs1() async throws {
            let workspace = try await workspace()
            for (command, key) in [
                ("evaluate --model large --data shards", "loss"),
                ("evaluate --model large --tasks kings.jsonl", "tasks[0].acc"),
            ] {
                for ranks in [nil, 2] {
                    let run = try await workspace.run(command, ranks: ranks)
                    #expect(run.exitCode == 1, "\(command)")
                    let last = key.split(separator: ".").last ?? ""
                    #expect(run.output.contains(#""\#(last)":null"#), "\(run.output)")
                    #expect(run.messages.count == 1)
                    #expect(run.errors.contains(" is not finite: expected a number, got "))
                }
            }
            let generated = try await workspace.run("generate --model large --prompt the")
            #expect(generated.exitCode == 1)
            #expect(
                generated.errors.contains(
                    "the model gives no probabilities: expected numbers as logits, got "))
        }

        /// The other model gives all tokens but the first a probability of nothing.
        @Test(arguments: [nil, 2] as [Int?])
        func aDivergenceThatIsNotFiniteIsNullAndTheExitIs1(ranks: Int?) async throws {
            let workspace = try await Workspace.withBase()
            let base = "base/checkpoints/latest"
            try workspace.copyModel(base, to: "steep")
            let file = "steep/model.safetensors"
            let table = "transformer.wte.weight"
            for token in 0..<(try #require(workspace.tensors("steep")[table]).count / 16) {
                try workspace.replace(table, of: file, from: 16 * token, by: [token == 0 ? 2 : -2])
            }
            try workspace.replace(
                "transformer.ln_f.weight", of: file, by: Array(repeating: 0, count: 16))
            try workspace.replace(
                "transformer.ln_f.bias", of: file, by: [1e38] + Array(repeating: 0, count: 15))
            try workspace.write(#"{"prompt": "king"}"#, to: "prompts.jsonl")
            try workspace.write(
                "#!/bin/sh\n" + #"sed 's/.*/{"preference": "tie"}/'"#, to: "judge")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: workspace("judge"))
            let run = try await workspace.run(
                "evaluate --pairwise \(base) steep --prompts prompts.jsonl --maximum-tokens 7 "
                    + "--temperature 1 --template template.json --judge-command ./judge",
                ranks: ranks)
            #expect(run.exitCode == 1)
            #expect(run.output.contains(#""kl":null"#), "\(run.output)")
            #expect(
                run.errors.contains("kl is not finite: expected a number, got "), "\(run.errors)")
        }

        @Test func aTextWithoutFiniteScoresHasNoClass() async throws {
            let workspace = try await workspace()
            let head = "head/finetune/checkpoints/latest"
            try await workspace.succeed(
                "finetune --config tune.yaml output=head " + Workspace.classification
                    + "finetune.trained=head")
            try workspace.copyModel(head, to: "classifier")
            let row = Array(repeating: Float(3e38), count: 32)
            try workspace.replace("score.weight", of: "classifier/model.safetensors", by: row)
            let run = try await workspace.run(
                "classify --model classifier --input texts.tsv --json")
            #expect(run.exitCode == 1)
            #expect(run.output.contains(#""class":null"#) && !run.output.contains("accuracy"))
            #expect(
                run.errors.contains("the scores of a text are not finite: expected numbers, got "))
        }

        /// Its first update throws the weights far out, and every later step is skipped.
        @Test(arguments: [nil, 2] as [Int?])
        func aRunThatDivergedDoesNotEndAsDone(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml train.steps=5 optimizer.learning_rate=1e20 "
                    + "optimizer.warmup_steps=0 evaluate.every_steps=0 train.maximum_skipped_steps=9",
                ranks: ranks)
            #expect(run.exitCode == 1)
            #expect(run.messages.count == 1, "\(run.errors)")
            #expect(
                run.errors.contains("the run ended without a finite loss or gradient"),
                "\(run.errors)")
            let losses = try RunFiles(path: workspace("run")).metrics("train").map { $0["loss"] }
            #expect(losses.count == 5 && losses.last == .null)
            // Nor does it once it is asked again.
            let again = try await workspace.run(
                "pretrain --config run/recipe.yaml --resume", ranks: ranks)
            #expect(again.exitCode == 1)
        }

        /// Nothing is learnt, so that no learning rate is to blame.
        @Test func aBaseThatOverflowsIsNamedAsTheCause() async throws {
            let workspace = try await workspace()
            let run = try await workspace.run(
                "finetune --config tune.yaml output=tuned finetune.from=large "
                    + "finetune.train.steps=2 finetune.optimizer.warmup_steps=0")
            #expect(run.exitCode == 1)
            #expect(
                run.errors.contains("2 skipped in a row (step 2); no step has changed the weights"),
                "\(run.errors)")
            #expect(!run.errors.contains("learning_rate"))
        }

        /// Its last update leaves weights that are large but finite, with which nothing is computed.
        @Test(arguments: [nil, 2] as [Int?])
        func aRunWhoseLastValidationIsNoNumberNeverEndsAsDone(ranks: Int?) async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.run(
                "pretrain --config recipe.yaml train.steps=1 optimizer.learning_rate=1e30 "
                    + "optimizer.warmup_steps=0", ranks: ranks)
            let again = try await workspace.run(
                "pretrain --config run/recipe.yaml --resume", ranks: ranks)
            for run in [run, again] {
                #expect(run.exitCode == 1)
                #expect(
                    run.errors.contains("the run ended without a finite validation loss"),
                    "\(run.errors)")
            }
            #expect(again.errors.contains("nothing to train: the run stands at step 1"))
        }

        @Test func benchTellsALossThatIsNotFinite() async throws {
            let workspace = try Workspace()
            let run = try await workspace.run(
                "bench --quick --layers 2 --heads 2 --width 32 --vocabulary-size 65 "
                    + "--sequence-length 16 --steps 4 --json optimizer.learning_rate=1e30")
            #expect(run.exitCode == 1)
            let json = try JSONValue(parsing: Array(run.output.utf8), at: "bench")
            #expect(json["loss"] == .null)
            #expect(run.errors.contains("loss is not finite: expected a number, got "))
        }
    }
}
