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

    @Test(arguments: [
        (["finetune.distillation.teacher=null"], "finetune.distillation.teacher is missing"),
        (
            ["finetune.distillation.stored=a.h5"],
            "finetune.distillation.stored needs finetune.distillation.top_k"
        ),
        (
            ["finetune.distillation.top_k=2000"],
            "finetune.distillation.top_k: expected at most 1024, got 2000"
        ),
        (
            ["finetune.distillation.divergence=reverse", "finetune.distillation.beta=0.2"],
            "finetune.distillation.beta has no effect"
        ),
        (
            ["finetune.distillation.maximum_new_tokens=5"],
            "finetune.distillation.maximum_new_tokens has no effect"
        ),
        (
            ["finetune.distillation.on_policy=1.5"],
            "finetune.distillation.on_policy: expected a number from 0 to 1, got 1.5"
        ),
        (
            ["finetune.distillation.on_policy=0.5", "finetune.distillation.stored=a.h5"]
                + ["finetune.distillation.top_k=5"],
            "finetune.distillation.stored does not fit finetune.distillation.on_policy: "
                + "expected on_policy 0 beside it, got 0.5 beside a.h5"
        ),
        (
            ["finetune.distillation.on_policy=0.5", "finetune.packing=isolated"],
            "finetune.packing does not fit finetune.distillation.on_policy"
        ),
        (
            ["finetune.distillation.on_policy=1", "finetune.loss_on=all"],
            "finetune.loss_on does not fit finetune.distillation.on_policy"
        ),
    ])
    func keysOfDistillationThatDoNotFitAreRefused(overrides: [String], line: String) {
        let failure = #expect(throws: Failure.self) {
            try load(
                ["finetune.task=distillation", "finetune.distillation.teacher=large"] + overrides)
        }
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
