import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// What cannot be fine-tuned on, or with, is told in one line.
    @Suite struct FineTuneInputTests {
        /// A fine-tuning whose examples are `records`, unless nil.
        struct Case: Sendable {
            var keys = ""
            var records: String?
            var exitCode = 1
            let line: String
        }

        private static let task = Workspace.classification
        private static let wrong = [
            Case(
                records: #"{"instruction": "king", "output": "not"}"# + "\n"
                    + #"{"instruction": "king"}"#,
                line: "a record cannot be read: expected a field output, completion, "
                    + "response, answer, got only instruction (chats.jsonl, line 2); correct or "
                    + "remove the record"),
            Case(
                records: #"{"instruction": "king", "output": " "}"#,
                line: "there is nothing to learn from an empty answer: expected a text in each "
                    + "answer, got a record without (chats.jsonl, line 1); remove the record"),
            Case(
                keys: "finetune.validation_fraction=0",
                records: #"{"messages": [{"role": "user", "content": "king"}]}"#,
                line: "there is nothing to learn: all labels are masked: expected a conversation "
                    + "with an answer, got 1 without one; name other examples"),
            Case(
                keys: "finetune.template=endless.json", exitCode: 64,
                line: "the chat template has no end: expected a text that ends each answer, got an "
                    + "empty answer_end (endless.json); give it an answer_end, such as the "
                    + "tokenizer's end of text"),
            Case(
                keys: "lora.target_modules=[q_proj]", exitCode: 64,
                line: "the LoRA target module q_proj matches nothing in the model: expected "
                    + "all-linear, or the end of a name: c_attn, c_fc, c_proj, got q_proj; change "
                    + "target_modules"),
            Case(
                keys: "finetune.from=null", exitCode: 64,
                line: "finetune.from is missing: expected a value for the phase finetune (the "
                    + "override finetune.from=null); set it in the recipe or add finetune.from=..."
            ),
            Case(
                keys: "finetune.from=absent",
                line:
                    "this is no model directory: expected config.json, got no such file (absent); "
                    + "name one, such as RUN/checkpoints/latest"),
            Case(
                keys: "finetune.trained=all finetune.from=adapter/finetune/checkpoints/latest",
                exitCode: 64,
                line:
                    "finetune.from names an adapter: expected a model, or lora as finetune.trained, "
                    + "got a PEFT directory (adapter/finetune/checkpoints/latest); merge it into its "
                    + "base first"),
            Case(
                keys: "lora.rank=3 finetune.from=adapter/finetune/checkpoints/latest", exitCode: 64,
                line: "lora.rank is not that of the adapter: expected 2, got 3 "
                    + "(adapter/finetune/checkpoints/latest); leave it out: an adapter keeps its "
                    + "sizes"),
            Case(
                keys: "finetune.from=classifier/finetune/checkpoints/latest", exitCode: 64,
                line: "finetune.from names a classifier: expected a model that writes text, got a "
                    + "classifier (classifier/finetune/checkpoints/latest); name its base"),
            Case(
                keys: "finetune.trained=head", exitCode: 64,
                line: "finetune.trained does not fit finetune.task instructions: got head (the "
                    + "override finetune.trained=head); use lora, last_blocks or all"),
            Case(
                keys: task + "finetune.packing=joined", exitCode: 64,
                line: "finetune.packing does not fit finetune.task classification: got joined "
                    + "(the override finetune.packing=joined); use isolated"),
            Case(
                keys: task + "finetune.trained=last_blocks finetune.last_blocks=3", exitCode: 64,
                line: "finetune.last_blocks is larger than the model: expected at most 2, got 3; "
                    + "lower it, or train all"),
            Case(
                keys: task + "finetune.data=odd.tsv finetune.validation=texts.tsv",
                line: "the label is not known: expected one of calm, odd, got wild "
                    + "(texts.tsv, line 2)"),
            Case(
                keys: "finetune.variants=[lora.rank=2,lora.rnk=3]", exitCode: 64,
                line: "unknown key lora.rnk (the override lora.rnk=3); did you mean lora.rank?"),
            Case(
                keys: "finetune.variants=[lora.rank=2,lora.rank=2]", exitCode: 64,
                line: "two of finetune.variants are the same: expected variants that differ, got "
                    + "lora.rank=2, lora.rank=2; remove one"),
            Case(
                keys: "finetune.train.freeze=['*.wte.*']", exitCode: 64,
                line:
                    "finetune.train.freeze does not fit finetune.trained lora: got [\"*.wte.*\"] (the "
                    + "override finetune.train.freeze=['*.wte.*']); leave out freeze, or train "
                    + "finetune.trained=all"),
            Case(
                keys: "finetune.optimizer.learning_rate_factors=['*.wtf.*=2']", exitCode: 64,
                line:
                    "finetune.optimizer.learning_rate_factors: the pattern *.wtf.* fits no weight "
                    + "of the model: expected a name or pattern such as transformer.wte.weight, got "
                    + "*.wtf.*; inspect the model for its names"),
            Case(
                keys: "finetune.checkpoint.keep_best=true finetune.validation_fraction=0",
                exitCode: 64,
                line: "finetune.checkpoint.keep_best needs a validation loss: expected data for "
                    + "validation, got none (the override finetune.checkpoint.keep_best=true); set "
                    + "finetune.validation or finetune.validation_fraction"),
            Case(
                keys: "finetune.trained=all finetune.train.freeze=['*.wtf.*']", exitCode: 64,
                line: "finetune.train.freeze: the pattern *.wtf.* fits no weight of the model: "
                    + "expected a name or pattern such as transformer.wte.weight, got *.wtf.*; "
                    + "inspect the model for its names"),
        ]

        /// With an adapter and a classifier, and a template and a table that are wrong.
        private func workspace() async throws -> Workspace {
            let workspace = try await Workspace.withBase()
            try await workspace.finetune("adapter", "finetune.train.steps=2")
            try await workspace.finetune(
                "classifier", Self.task + "finetune.trained=head finetune.train.steps=2")
            try workspace.write(#"{"user_end": " "}"#, to: "endless.json")
            try workspace.write("calm\tsweet\nodd\tgo\ncalm\tmy\nodd\tnot\n", to: "odd.tsv")
            return workspace
        }

        private func expect(
            _ run: DistributedRun, _ exitCode: Int, _ line: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(run.exitCode == exitCode, "\(line)", sourceLocation: sourceLocation)
            #expect(run.messages == ["swift-llm-train: " + line], sourceLocation: sourceLocation)
        }

        @Test func finetuneTellsWhatIsWrong() async throws {
            let workspace = try await workspace()
            for (index, example) in Self.wrong.enumerated() {
                if let records = example.records {
                    try workspace.write(records, to: "chats.jsonl")
                } else {
                    try workspace.writeExamples()
                }
                let run = try await workspace.run(
                    "finetune --config tune.yaml output=run " + example.keys,
                    ranks: index % 6 == 0 ? 2 : nil)
                expect(run, example.exitCode, example.line)
            }
            // What was refused is no run: the corrected one needs no --resume.
            try await workspace.finetune("run", "finetune.train.steps=2")
        }

        @Test func otherCommandsTellWhatDoesNotFit() async throws {
            let workspace = try await workspace()
            let adapter = "adapter/finetune/checkpoints/latest"
            let classifier = "classifier/finetune/checkpoints/latest"
            expect(
                try await workspace.run("merge --adapter \(classifier) --output merged"), 1,
                "there is no adapter to merge: expected adapter_config.json, got no such file "
                    + "(\(classifier)); name the checkpoint of a run with finetune.trained: lora")
            expect(
                try await workspace.run("generate --model \(classifier) --prompt the"), 64,
                "this model tells classes apart and writes no text: expected a language model, got "
                    + "a classifier of calm, wild (\(classifier)); use the command classify")

            // Other weights of the same sizes stand where the base was.
            let weights = try #require(
                FileManager.default.subpaths(atPath: workspace("base"))?
                    .first { $0.hasSuffix("step-00000005/model.safetensors") })
            let size = try workspace.bytes("base/\(weights)").count
            try workspace.damage("base/\(weights)", at: size - 5)
            for command in [
                "merge --adapter \(adapter) --output merged",
                "generate --model \(adapter) --prompt the",
            ] {
                let run = try await workspace.run(command)
                #expect(run.exitCode == 1 && run.messages.count == 1, "\(run.errors)")
                #expect(run.errors.contains("the adapter was made for another base"))
            }
        }

        /// One of two groups fails: the job ends with its line alone.
        @Test func aVariantThatFailsEndsTheJob() async throws {
            let workspace = try await Workspace.withBase()
            let run = try await workspace.run(
                "finetune --config tune.yaml output=run "
                    + "finetune.variants=[lora.rank=2,finetune.from=absent]", ranks: 2)
            #expect(run.exitCode == 1)
            #expect(run.messages.count == 1, "\(run.errors)")
            #expect(run.messages.first?.contains("this is no model directory") == true)
        }
    }
}
