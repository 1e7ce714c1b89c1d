import Diagnostics
import Runs
import Testing
import Training

/// What an override replaces in the file with which it would collide.
@Suite struct RecipeOverrideTests {
    private static let pretraining = """
        name: a
        data: {train: shards, validation: shards}
        model: {layer_count: 2, head_count: 2, embedding_size: 16, context_length: 128}
        train: {epochs: 3, global_batch_size: 24, lanes: 8, sequence_length: 128}
        optimizer: {learning_rate: 1.0e-3, minimum_learning_rate: 1.0e-4, warmup_steps: 50}
        checkpoint: {keep_best: true}
        evaluate: {patience: 3}

        """
    private static let tuning = """
        name: b
        phases: [finetune, merge]
        finetune:
          from: model
          data: [a.json]
          validation_fraction: 0.2
          train: {epochs: 3, global_batch_size: 8, lanes: 4}
          optimizer: {learning_rate: 1.0e-3, minimum_learning_rate: 5.0e-4, warmup_steps: 50}
          checkpoint: {keep_best: true}

        """

    private func read(_ text: String, _ overrides: String...) throws -> RecipeReading {
        try RecipeReading(RecipeFile(name: "a.yaml", text: text), overrides: overrides)
    }

    @Test(arguments: ["train.steps=10", "train.tokens=40960", "train.epochs=0.5"])
    func anOverriddenLengthReplacesTheRecipes(override: String) throws {
        for (block, text) in [("", Self.pretraining), ("finetune.", Self.tuning)] {
            let reading = try read(text, block + override, "\(block)train.sequence_length=64")
            let train = block.isEmpty ? reading.recipe.train : reading.recipe.finetune.train
            let length = train.length
            #expect(
                [length.steps.map(Double.init), length.tokens.map(Double.init), length.epochs]
                    .compactMap { $0 }.count == 1)
            #expect(override.hasSuffix("epochs=0.5") == (length.epochs != nil))
            let replaced = "\(block)\(override) replaces \(block)train.epochs 3.0 of the recipe"
            #expect(reading.notes == (length.epochs == nil ? [replaced] : []))
            #expect(train.replacedLength == RunLength(epochs: 3), "the warm-up is fitted later")
        }
    }

    @Test func lengthsThatContradictEachOtherInOneSourceAreRefused() {
        for overrides in [
            ["train.steps=5", "train.epochs=2"], ["train.steps=5", "train.tokens=9"],
        ] {
            let failure = #expect(throws: Failure.self) {
                try RecipeReading(
                    RecipeFile(name: "a.yaml", text: Self.pretraining), overrides: overrides)
            }
            #expect(failure?.what == "the length of the run is given twice")
            #expect(failure?.kind == .usage)
        }
        let both = Self.pretraining.replacing("epochs: 3", with: "epochs: 3, steps: 5")
        #expect(throws: Failure.self) { try read(both) }
    }

    @Test func aWarmupThatIsOverriddenTooIsCheckedAsItIs() {
        let failure = #expect(throws: Failure.self) {
            try read(Self.pretraining, "train.steps=10", "optimizer.warmup_steps=11")
        }
        #expect(failure?.what == "optimizer.warmup_steps is larger than train.steps")
    }

    @Test(arguments: [
        (steps: 10, old: 100, warmup: 5), (8, 20, 8), (3, 1000, 0), (50, 100, 50), (60, 100, 50),
    ])
    func aWarmupIsShortenedInProportionWhereItIsLonger(
        steps: Int, old: Int, warmup: Int
    ) {
        var options = OptimizerOptions()
        options.warmupSteps = 50
        #expect(options.shortenWarmup(from: old, to: steps) == (steps < 50))
        #expect(options.warmupSteps == warmup)
    }

    @Test func aPresetReplacesSizesAndCutsLongerSequences() throws {
        let reading = try read(Self.pretraining, "model.preset=gpt2-nano")
        #expect(reading.recipe.model.layerCount == 3)
        #expect(reading.recipe.model.contextLength == 64)
        #expect(reading.recipe.train.sequenceLength == 64)
        #expect(
            reading.notes == [
                "model.preset=gpt2-nano replaces model.layer_count 2, model.head_count 2, "
                    + "model.embedding_size 16, model.context_length 128 of the recipe",
                "model.preset lowers train.sequence_length from 128 to 64",
            ])
        let own = try read(Self.pretraining, "model.preset=gpt2-nano", "model.layer_count=1")
        #expect(own.recipe.model.layerCount == 1)
    }

    @Test func aModelToGoOnFromReplacesSizesAndSizesReplaceIt() throws {
        let from = try read(Self.pretraining, "init.from=there")
        #expect(from.recipe.initial.from == "there")
        #expect(from.recipe.model.layerCount == nil)
        let continued = """
            name: a
            data: {train: shards}
            init: {from: there}
            train: {steps: 5}

            """
        let sizes = try read(continued, "model.preset=gpt2-nano")
        #expect(sizes.recipe.initial.from == nil)
        #expect(sizes.notes == ["model.preset=gpt2-nano replaces init.from there of the recipe"])
    }

    @Test func aPeakBelowTheMinimumLowersItInProportion() throws {
        let reading = try read(Self.pretraining, "optimizer.learning_rate=1e-5")
        #expect(abs(reading.recipe.optimizer.minimumLearningRate - 1e-6) < 1e-18)
        #expect(reading.notes.count == 1)
        let tuned = try read(Self.tuning, "finetune.optimizer.learning_rate=1e-4")
        #expect(abs(tuned.recipe.finetune.optimizer.minimumLearningRate - 5e-5) < 1e-17)
    }

    @Test func aBatchThatTheLanesDoNotDivideLowersThem() throws {
        let reading = try read(Self.pretraining, "train.global_batch_size=20")
        #expect(reading.recipe.train.lanes == 5)
        #expect(throws: Failure.self) {
            try read(Self.pretraining, "train.global_batch_size=20", "train.lanes=8")
        }
    }

    @Test func withoutValidationDataTheBestIsNotKept() throws {
        let reading = try read(Self.pretraining, "data.validation=null")
        #expect(!reading.recipe.checkpoint.keepBest)
        #expect(reading.recipe.evaluate.patience == nil)
        #expect(reading.notes.count == 2)
        let quick = try RecipeReading(
            .quickStart, overrides: ["prepare.input=a", "prepare.validation_fraction=0"])
        #expect(quick.recipe.phases == [.prepare, .pretrain, .generate])
        let tuned = try read(Self.tuning, "finetune.validation_fraction=0")
        #expect(!tuned.recipe.finetune.checkpoint.keepBest)
    }

    @Test func otherWeightsThanAdaptersAreNotMerged() throws {
        let reading = try read(Self.tuning, "finetune.trained=all")
        #expect(reading.recipe.phases == [.finetune])
        #expect(throws: Failure.self) {
            try read(Self.tuning, "finetune.trained=all", "phases=[finetune, merge]")
        }
    }

    @Test func whatFineTuningFreezesAndPacksGivesWay() throws {
        let text = Self.tuning.replacing("phases: [finetune, merge]", with: "phases: [finetune]")
            .replacing(
                "train: {", with: "trained: all\n  packing: true\n  train: {freeze: [\"*wte*\"], ")
        let adapted = try read(text, "finetune.trained=lora")
        #expect(adapted.recipe.finetune.train.freeze.isEmpty)
        let classes = try read(text, "finetune.task=classification")
        #expect(classes.recipe.finetune.packing == .none)
        let head = Self.tuning.replacing("phases: [finetune, merge]", with: "phases: [finetune]")
            .replacing("train: {", with: "task: classification\n  trained: head\n  train: {")
        #expect(try read(head, "finetune.task=instructions").recipe.finetune.trained == .lora)
    }

    @Test func filesOfExamplesReplaceTheHeldOutPart() throws {
        let reading = try read(Self.tuning, "finetune.validation=[b.json]")
        #expect(reading.recipe.finetune.validationFraction == 0.1, "which is the default")
        #expect(
            reading.notes == [
                "finetune.validation=[b.json] replaces finetune.validation_fraction 0.2 of the recipe"
            ])
    }
}
