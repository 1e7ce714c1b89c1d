import Collectives
import Datasets
import Diagnostics
import Evaluation
import Models
import Objectives
import Tokenizers
import Training

/// Fine-tuning on how good answers are, by which of two is better.
package struct RewardTask: RecordTask {
    package let base: FineTuneBase
    private let centering: Double
    /// The files of the examples.
    package let files: [String]
    private let template: ChatTemplate
    private let train: PreferenceExamples
    private let validation: PreferenceExamples?
    private let log: RecordLog
    /// What was read and is not learnt from.
    private let notes: [String]

    /// - Throws: `Failure` for records that cannot be used, with file and line, and where none is left.
    package init(
        _ recipe: TrainingRecipe, _ options: FineTuneOptions, _ lora: LoRAOptions
    ) throws {
        base = try FineTuneBase(recipe, options, lora)
        centering = options.reward.centering
        files = options.data + options.validation
        template = try base.template(headed: true)
        let encoder = PreferenceEncoder(
            tokenizer: base.tokenizer, template: template,
            sequenceLength: base.sequenceLength(recipe))
        let split = try PreferenceSplit(options, template, seed: recipe.seed)
        var log = split.log
        train = try encoder.scoredPairs(split.train, &log)
        let heldOut = try encoder.scoredPairs(split.validation, &log)
        validation = heldOut.count == 0 ? nil : heldOut
        self.log = log
        let dropout = recipe.model.dropoutRate > 0 || lora.dropout > 0
        notes = split.notes + (dropout ? ["dropout is off: pairs are compared"] : [])
        guard train.count > 0 else {
            throw Failure(
                "there is nothing to learn: no pair is left", expected: "at least one",
                got: "none", at: files.joined(separator: ", "), remedy: "name other examples")
        }
    }

    package var description: String {
        let held = validation.map { "\n\($0.count) more for validation" } ?? ""
        return "template \(template.name): \(Quantity.count(train.count, "pair")) of "
            + "\(Quantity.count(train.examples.tokenCount, "token"))\(held)"
    }

    package var warnings: [String] {
        base.notes + log.notes + notes + [train.warning].compactMap { $0 }
            + (validation?.warning.map { ["validation: \($0)"] } ?? [])
    }

    package var skippedRecords: [SkippedRecord] { log.skipped }

    package var classCount: Int? { 1 }

    package func source(_ recipe: TrainingRecipe) -> any BatchSource { examples(recipe) }

    /// Returns both texts, one behind the other.
    package func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
    {
        let source = examples(recipe)
        let index = source.indices(step: step, sequences: number..<number + 1)[0]
        let example = train.examples.examples[index]
        return ShownSequence(
            place: source.place(step: step, sequence: number),
            text: try base.tokenizer.decode(example.inputs))
    }

    private func examples(_ recipe: TrainingRecipe) -> ExampleSource {
        ExampleSource(
            train.examples, globalBatchSize: recipe.train.globalBatchSize,
            seed: UInt64(recipe.seed), isShuffled: recipe.data.shuffle.isShuffled)
    }

    package func validationLoss(_ recipe: TrainingRecipe) -> ValidationLoss? {
        validation.map {
            ValidationLoss(
                examples: $0.examples.examples, portionSize: recipe.train.microBatchSize)
        }
    }

    package func objective(_ model: LanguageModel) -> any Objective {
        RewardObjective(model: model, centering: centering)
    }

    /// A classifier of one label, with the template of what it scores.
    package func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles {
        try base.checkpointFiles(
            recipeText: recipeText, template: template, labels: [RewardOptions.label])
    }
}
