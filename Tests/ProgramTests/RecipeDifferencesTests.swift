import Diagnostics
import Runs
import Testing

@Suite struct RecipeDifferencesTests {
    private func differences(_ overrides: [String], lanes: Int? = 4) throws -> RecipeDifferences {
        let file = RecipeFile(name: "a.yaml", text: RecipeErrorTests.valid)
        let validated = ["data.validation=shards"]
        var stored = try Recipe.load(file, overrides: validated)
        stored.train.lanes = lanes
        stored.model.vocabularySize = 65
        return RecipeDifferences(
            of: try Recipe.load(file, overrides: validated + overrides), from: stored)
    }

    @Test func whatTheRunSettledAtItsStartMayStayOpen() throws {
        let differences = try differences([])
        #expect(differences.refused.isEmpty)
        #expect(differences.warnings.isEmpty)
        try differences.check()
    }

    @Test(arguments: [
        "checkpoint.every_steps=7", "checkpoint.keep_last=1", "evaluate.every_steps=3",
        "evaluate.batches=2", "train.threads_per_rank=2", "train.stop_after_steps=5",
        "train.maximum_skipped_steps=9", "train.lanes=2", "train.islands=2",
        "output=elsewhere", "name=other",
    ])
    func keysThatDoNotDecideTheWeightsMayChange(override: String) throws {
        #expect(try differences([override]).refused.isEmpty)
        #expect(try differences([override]).warnings.isEmpty)
    }

    @Test(arguments: [
        ("seed=2", "seed was 1, is 2"),
        ("data.shuffle=false", "data.shuffle was true, is false"),
        ("data.train=other", "data.train was shards, is other"),
        ("model.dropout_rate=0.1", "model.dropout_rate was 0.0, is 0.1"),
        ("model.vocabulary_size=70", "model.vocabulary_size was 65, is 70"),
        ("train.global_batch_size=64", "train.global_batch_size was 32, is 64"),
        ("train.micro_batch_size=4", "train.micro_batch_size was 8, is 4"),
        ("train.sequence_length=32", "train.sequence_length was 64, is 32"),
        ("outer.momentum=0.8", "outer.momentum was 0.9, is 0.8"),
        ("optimizer.beta2=0.99", "optimizer.beta2 was 0.95, is 0.99"),
        ("optimizer.warmup_steps=1", "optimizer.warmup_steps was 0, is 1"),
    ])
    func keysThatDecideTheWeightsMustBeEqual(override: String, difference: String) throws {
        #expect(try differences([override]).refused == [difference])
    }

    @Test func precisionsMustBeEqual() throws {
        let recipe = try Recipe.load(RecipeFile(name: "a.yaml", text: RecipeErrorTests.valid))
        var other = recipe
        other.train.precision = .bf16
        other.train.gradientType = .bf16
        #expect(
            RecipeDifferences(of: other, from: recipe).refused == [
                "train.precision was fp32, is bf16", "train.gradient_dtype was fp32, is bf16",
            ])
    }

    @Test func stepsMayChangeWithAWarning() throws {
        let differences = try differences(["train.steps=200"])
        #expect(differences.refused.isEmpty)
        #expect(
            differences.warnings == [
                "train.steps was 100, is 200: the learning-rate schedule moves"
            ])
    }

    @Test func allDifferencesStandInOneFailure() throws {
        let differences = try differences(["seed=2", "train.micro_batch_size=4", "train.steps=200"])
        let failure = #expect(throws: Failure.self) { try differences.check() }
        #expect(
            failure?.line
                == "the recipe is not that of the run to resume: seed was 1, is 2; "
                + "train.micro_batch_size was 8, is 4; take these changes back, or start a new run with "
                + "another output")
        #expect(failure?.exitCode == 64)
    }
}
