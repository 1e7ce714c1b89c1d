import Diagnostics
import Runs
import Testing

/// Words that would do nothing are refused where they were typed, and warned of where a file has them.
@Suite struct IdleKeyTests {
    private static let text = """
        name: a
        phases: [prepare, pretrain, finetune, generate]
        prepare: {input: [a.txt]}
        model: {preset: gpt2-nano}
        train: {steps: 5}
        finetune:
          data: [a.json]
          train: {steps: 5}
        generate: {prompt: Once}

        """

    private func read(
        _ overrides: [String], adding text: String = "", phases: [Recipe.Phase]? = nil
    ) throws -> RecipeReading {
        try RecipeReading(
            RecipeFile(name: "a.yaml", text: Self.text + text), overrides: overrides, phases: phases
        )
    }

    private func refusal(_ overrides: [String], phases: [Recipe.Phase]? = nil) -> String {
        let failure = #expect(throws: Failure.self) { try read(overrides, phases: phases) }
        #expect(failure?.kind == .usage)
        return failure?.line ?? ""
    }

    @Test(arguments: [
        (["finetune.trained=all", "lora.target_modules=[foo]"], "lora.target_modules"),
        (["finetune.trained=all", "lora.rank=8"], "lora.rank"),
        (["finetune.class_weights=balanced"], "finetune.class_weights"),
        (["finetune.balanced=true"], "finetune.balanced"),
        (["finetune.text_column=b"], "finetune.text_column"),
        (["finetune.label_column=b"], "finetune.label_column"),
        (["finetune.test_fraction=0.1"], "finetune.test_fraction"),
        (["finetune.test=[b.json]"], "finetune.test"),
        (["finetune.task=classification", "finetune.template=alpaca"], "finetune.template"),
        (["finetune.task=classification", "finetune.loss_on=all"], "finetune.loss_on"),
        (["finetune.last_blocks=2"], "finetune.last_blocks"),
        (["finetune.evaluate.batches=2"], "finetune.evaluate.batches"),
        (["finetune.train.islands=2"], "finetune.train.islands"),
        (
            ["finetune.validation_fraction=0", "finetune.evaluate.every_steps=9"],
            "finetune.evaluate.every_steps"
        ),
        (
            ["finetune.validation=[b]", "finetune.validation_fraction=0.3"],
            "finetune.validation_fraction"
        ),
        (
            ["tokenizer.kind=character", "tokenizer.vocabulary_size=300"],
            "tokenizer.vocabulary_size"
        ),
        (["tokenizer.path=t.json", "tokenizer.kind=character"], "tokenizer.kind"),
        (
            ["optimizer.schedule=constant", "optimizer.minimum_learning_rate=1e-5"],
            "optimizer.minimum_learning_rate"
        ),
        (["prepare.validation_fraction=0", "evaluate.batches=2"], "evaluate.batches"),
        (["generate.temperature=0", "generate.top_k=5"], "generate.top_k"),
        (["export.type=bf16"], "export.type"), (["merge.probe=a"], "merge.probe"),
    ])
    func anOverrideWithoutEffectIsRefused(overrides: [String], key: String) {
        let line = refusal(overrides)
        #expect(line.hasPrefix("\(key) has no effect: expected "), "\(line)")
        #expect(line.contains("(the override \(key)="), "\(line)")
    }

    @Test(arguments: [
        ("train.steps=9", "did you mean finetune.train.steps?"),
        ("optimizer.learning_rate=1", "did you mean finetune.optimizer.learning_rate?"),
        ("checkpoint.every_steps=9", "did you mean finetune.checkpoint.every_steps?"),
        ("init.from=b", "did you mean finetune.from?"),
        ("data.validation=b", "did you mean finetune.validation?"),
        ("generate.prompt=b", "leave it out"),
    ])
    func anOverrideForAnotherPhaseNamesItsTwin(override: String, remedy: String) {
        let line = refusal([override], phases: [.finetune])
        #expect(line.hasSuffix("; \(remedy)"), "\(line)")
    }

    @Test(arguments: [
        "finetune.packing=false", "finetune.class_weights=none", "finetune.template=null",
        "finetune.test_fraction=0", "finetune.test=[]", "train.threads_per_rank=1",
        "data.shuffle=false", "model.dropout_rate=0.1", "finetune.evaluate.every_steps=9",
        "finetune.evaluate.batches=null",
    ])
    func whatAsksForNothingOrCountsEverywherePasses(override: String) throws {
        _ = try read([override], phases: [.finetune])
        _ = try read([override])
    }

    @Test func aFileIsWarnedOfWhatHasNoEffect() throws {
        let text = """
            lora: {rank: 4, alpha: 8, dropout: 0}
            export: {type: bf16}

            """
        let reading = try read(["finetune.trained=all"], adding: text)
        #expect(
            reading.warnings == [
                "the recipe's lora.rank, lora.alpha have no effect: finetune.trained is all",
                "the recipe's export.type has no effect: no phase export",
            ])
        #expect(try read([]).warnings.isEmpty)
        #expect(try read([], phases: [.pretrain]).warnings.isEmpty, "other phases come later")
    }

    @Test func aFileIsWarnedOfABatchLimitThatNoFineTuningHas() throws {
        let reading = try RecipeReading(
            RecipeFile(
                name: "a.yaml",
                text: Self.text.replacing(
                    "data: [a.json]\n", with: "data: [a.json]\n  evaluate: {batches: 3}\n")))
        #expect(
            reading.warnings == [
                "the recipe's finetune.evaluate.batches has no effect: a fine-tuning validates on "
                    + "all examples that are held out"
            ])
    }

    @Test func adaptersOfWhichOneObeysAKeyAreEnough() throws {
        let variants = "finetune.variants=[finetune.trained=all, lora.rank=4]"
        _ = try read([variants, "phases=[finetune]", "finetune.from=m", "lora.alpha=3"])
    }

    /// Built-in settings, and recipes that runs have stored, are nobody's mistake.
    @Test func whatTheProgramWroteIsNotWarnedOf() throws {
        let quick = try RecipeReading(
            .quickStart, overrides: ["prepare.input=a", "train.steps=9"])
        #expect(quick.warnings.isEmpty && quick.notes.isEmpty)
        var stored = try read(["finetune.trained=all"]).recipe
        stored.phases = [.finetune]
        stored.finetune.from = "m"
        let file = RecipeFile(name: "run/recipe.yaml", text: stored.resolvedYAML)
        #expect(try RecipeReading(file).warnings.isEmpty)
    }
}
