import Diagnostics
import FineTuning
import Foundation
import Runs
import Testing

@Suite struct RecipeTests {
    private func load(_ text: String, overrides: [String] = []) throws -> Recipe {
        try Recipe.load(RecipeFile(name: "a.yaml", text: text), overrides: overrides)
    }

    /// The values alone, whatever the phases make of them.
    private func decode(_ overrides: [String]) throws -> Recipe {
        try Recipe(
            decoding: RecipeFile(name: "a.yaml", text: RecipeErrorTests.valid),
            overrides: overrides)
    }

    @Test func keysThatAreLeftOutHaveTheirDefaults() throws {
        let recipe = try load(RecipeErrorTests.valid)
        #expect(recipe.name == "small")
        #expect(recipe.output == "runs/small")
        #expect(recipe.phases == [.pretrain])
        #expect(recipe.train.steps == 100)
        #expect(recipe.train.globalBatchSize == 32)
        #expect(recipe.train.sequenceLength == 64)
        #expect(recipe.model.embeddingSize == 48)
        #expect(recipe.model.vocabularySize == nil)
        #expect(recipe.optimizer.schedule == .cosine)
        #expect(recipe.generate.seed == recipe.seed)
    }

    @Test func preparedShardsAndTokenizerLieInTheRunDirectory() throws {
        let text = """
            name: all
            output: there
            phases: [prepare, pretrain]
            prepare:
              input: a.txt
            model: {preset: gpt2-nano}
            train: {epochs: 1.5}
            """
        let recipe = try load(text)
        #expect(recipe.prepare.output == "there/shards")
        #expect(recipe.data.train == "there/shards")
        #expect(recipe.data.validation == "there/shards")
        #expect(try load(recipe.resolvedYAML) == recipe)
        let unvalidated = try load(text, overrides: ["prepare.validation_fraction=0"])
        #expect(unvalidated.data.validation == nil)
    }

    @Test func overridesWinOverTheFileAndTheLastOverrideOverAll() throws {
        let recipe = try load(
            RecipeErrorTests.valid,
            overrides: [
                "train.steps=5", "train.steps=7", "optimizer.epsilon=1e-3", "data.shuffle=false",
                "phases=[pretrain, generate]", "generate.prompt=a", "optimizer.schedule=wsd",
            ])
        #expect(recipe.train.steps == 7)
        #expect(recipe.optimizer.epsilon == 0.001)
        #expect(recipe.data.shuffle == .inOrder)
        #expect(recipe.phases == [.pretrain, .generate])
        #expect(recipe.optimizer.schedule == .wsd)
    }

    @Test(arguments: [
        ("prepare.input=a.txt", ["a.txt"]),
        ("prepare.input=[a.txt,b.txt]", ["a.txt", "b.txt"]),
        ("prepare.input=[]", []),
        (#"prepare.input=["a, b.txt", 'c']"#, ["a, b.txt", "c"]),
    ])
    func listIsOneValueOrAFlow(override: String, input: [String]) throws {
        #expect(try decode([override]).prepare.input == input)
    }

    @Test(arguments: [
        ("generate.prompt=To be: or #not", "To be: or #not"),
        ("generate.prompt=*", "*"),
        ("generate.prompt=a=b", "a=b"),
        ("generate.prompt=12", "12"),
        (#"generate.prompt="a\nb""#, "a\nb"),
        ("generate.prompt=null", nil),
        ("generate.prompt=", nil),
    ])
    func textOfAnOverrideIsTakenAsItStands(override: String, prompt: String?) throws {
        #expect(try decode([override]).generate.prompt == prompt)
    }

    @Test func resolvedRecipeIsReadBackAsItIs() throws {
        var recipe = try load(
            RecipeErrorTests.valid,
            overrides: ["optimizer.learning_rate=1e-5", "train.tokens=null"])
        for text in [
            "null", "10", "yes", "a: b # c", "\"\\\n\t\r\u{1}\u{85}\u{feff}ü", " a ", "-", "*",
        ] {
            recipe.generate.prompt = text
            recipe.prepare.input = [text, "plain-text/a.b"]
            #expect(try load(recipe.resolvedYAML) == recipe)
        }
    }

    @Test func resolvedRecipeShowsAllKeysInTheirOrder() throws {
        let lines = try load(RecipeErrorTests.valid).resolvedYAML.split(separator: "\n")
        let rare = [
            "corpus", "finetune", "lora", "merge", "export", "outer", "metrics",
            "evaluate.pairwise",
        ]
        let shown = Recipe.keys.filter { key in
            !rare.contains { key.block?.hasPrefix($0) == true }
        }
        #expect(lines.count == shown.count + Set(shown.compactMap(\.block)).count)
        #expect(
            lines.prefix(6) == [
                "name: small", "seed: 1", "output: runs/small", "directory: null",
                "phases: [pretrain]", "tokenizer:",
            ])
        #expect(lines.contains("  learning_rate: 0.0006"))
        #expect(lines.contains("  tokens: null"))
        #expect(lines.contains("evaluate:"))
        #expect(lines.suffix(2) == ["  seed: 1", "  every_steps: 0"])
    }

    /// The recipe section of the contract, key by key.
    @Test func keysAreThoseOfTheContract() {
        let contract = """
            name seed output directory phases
            corpus: input output separator text_field encoding strict compress memory_megabytes \
            part_megabytes piece_megabytes plain_text steps
            corpus.deduplicate: exact lines minimum_line cluster_ids
            corpus.deduplicate.near: enabled ngram buckets hashes verify survivor exhaustive
            corpus.decontaminate: files ngram action
            tokenizer: kind pattern vocabulary_size sample_megabytes path
            prepare: input output validation_fraction shard_megabytes
            data: train validation tokenizer shuffle sources stages document_attention placement
            model: preset architecture layer_count head_count key_value_head_count head_size \
            embedding_size mlp_size context_length vocabulary_size rope_theta norm_epsilon \
            tie_embeddings dropout_rate
            init: from
            train: global_batch_size micro_batch_size sequence_length steps tokens epochs \
            stop_after_steps maximum_seconds lanes precision gradient_dtype threads_per_rank oversubscribe optimizer_sharding \
            node_memory islands recompute freeze watchdog_seconds io_seconds \
            maximum_skipped_steps profile_steps
            optimizer: kind learning_rate minimum_learning_rate warmup_steps schedule beta1 beta2 \
            epsilon weight_decay matrix_learning_rate momentum maximum_gradient_norm \
            learning_rate_factors
            outer: every_steps learning_rate momentum fragments delay_steps mixing dtype
            checkpoint: every_steps keep_last io keep_best stop_seconds
            metrics: tensorboard csv trackio prometheus_port dashboard_port notify
            evaluate: every_steps batches patience tasks tasks_every_steps limit
            evaluate.pairwise: prompts against judge command timeout_seconds maximum_new_tokens temperature
            finetune: task from base output add_tokens add_special_tokens resize data validation test validation_fraction test_fraction \
            trained last_blocks template loss_on packing encoding on_bad_record text_column label_column balanced \
            class_weights variants
            finetune.columns: instruction input output system history tools messages role content
            finetune.preference: beta label_smoothing gamma reference
            finetune.preference.losses: sigmoid sigmoid_norm hinge ipo robust apo_zero kto orpo simpo \
            cpo sft
            finetune.reward: margin_field centering
            finetune.policy: algorithm aggregation group_size maximum_new_tokens temperature clip_low \
            clip_high kl gamma lambda value_weight value_clip updates rollouts rewards
            finetune.policy.stop: kl length
            finetune.distillation: teacher divergence beta temperature on_policy maximum_new_tokens \
            top_k stored
            FINETUNE
            lora: rank alpha dropout target_modules exclude_modules layers_to_transform \
            rank_pattern alpha_pattern modules_to_save ensure_weight_tying bias rslora dora quantize
            merge: output probe
            export: output format type license
            generate: prompt chat template maximum_tokens samples temperature top_k top_p \
            repetition_penalty stop precision compute quantize cache draft seed every_steps
            """
        // The fine-tuning has blocks of the same keys as the pretraining.
        let nested = ["train", "optimizer", "checkpoint", "evaluate"].compactMap { block in
            contract.split(separator: "\n").first { $0.hasPrefix("\(block):") }
                .map { "finetune.\($0)" }
        }
        let lines = contract.split(separator: "\n").flatMap { line in
            line == "FINETUNE" ? nested : [String(line)]
        }
        let paths = lines.flatMap { line -> [String] in
            let parts = line.split(separator: ":")
            let block = parts.count == 2 ? "\(parts[0])." : ""
            return parts[parts.count - 1].split(separator: " ").map { block + $0 }
        }
        #expect(Recipe.keys.map(\.path) == paths)
    }

    /// A run that stored `packing: true` packed as `joined` does now; whoever types it means isolated.
    @Test(arguments: [("directory: /runs\n", Packing.joined), ("", .isolated)])
    func aStoredWordKeepsItsMeaning(directory: String, packing: Packing) throws {
        let file = RecipeFile(
            name: "recipe.yaml", text: "name: a\n\(directory)finetune:\n  packing: true\n")
        let recipe = try Recipe(decoding: file, isRelocating: false)
        #expect(recipe.finetune.packing == packing)
    }

    @Test func recipeIsReadFromAFile() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("recipe-\(UUID()).yaml").path
        try RecipeErrorTests.valid.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try Recipe.load(path: path) == load(RecipeErrorTests.valid))
    }
}
