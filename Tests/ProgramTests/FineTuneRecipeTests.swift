import Diagnostics
import Runs
import Testing

/// What contradicts itself in a recipe of fine-tuning is refused before it costs a training.
@Suite struct FineTuneRecipeTests {
    private static let valid = """
        name: fine
        phases: [finetune, merge]
        finetune:
          from: model
          data: [a.json]
          train: {steps: 10}

        """

    private func load(_ overrides: [String] = []) throws -> Recipe {
        try Recipe.load(RecipeFile(name: "a.yaml", text: Self.valid), overrides: overrides)
    }

    @Test(arguments: [
        (
            ["finetune.checkpoint.keep_best=true", "finetune.validation_fraction=0"],
            "finetune.checkpoint.keep_best needs a validation loss"
        ),
        (
            ["finetune.evaluate.patience=2", "finetune.validation_fraction=0"],
            "finetune.evaluate.patience has no effect: expected finetune.validation to be a value"
        ),
        (
            ["finetune.variants=[lora.rank=4, lora.rank=8]"],
            "finetune.variants makes several adapters: expected finetune as the last phase, "
                + "got merge after it"
        ),
        (
            ["finetune.optimizer.warmup_steps=11"],
            "finetune.optimizer.warmup_steps is larger than finetune.train.steps"
        ),
        (
            ["finetune.train.epochs=2", "finetune.train.steps=4"],
            "the length of the run is given twice"
        ),
        (
            ["finetune.train.tokens=640", "finetune.train.sequence_length=16"]
                + ["finetune.train.global_batch_size=8", "finetune.optimizer.warmup_steps=6"],
            "finetune.optimizer.warmup_steps is larger than finetune.train.tokens, which is 5 steps"
        ),
    ])
    func contradictionsAreRefused(overrides: [String], line: String) {
        let failure = #expect(throws: Failure.self) { try load(overrides) }
        #expect(failure?.line.hasPrefix(line) == true, "\(failure?.line ?? "")")
        #expect(failure?.kind == .usage)
    }

    @Test func theLogHasTheKeysOfFineTuningAlone() throws {
        var recipe = try load()
        recipe.phases = [.finetune]
        recipe.train.lanes = 2
        recipe.lora.rank = 4
        recipe.model.dropoutRate = 0.1
        let lines = recipe.announcedYAML.split(separator: "\n").map(String.init)
        #expect(lines.contains("    lanes: 2"), "what the run settled")
        let blocks = lines.filter { $0.first != " " && $0.last == ":" }
        #expect(blocks == ["model:", "finetune:", "lora:"])
    }
}
