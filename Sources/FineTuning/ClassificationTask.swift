import Collectives
import Datasets
import Diagnostics
import Evaluation
import Models
import Objectives
import Tokenizers
import Training

/// Fine-tuning to predict the classes of texts.
package struct ClassificationTask: RecordTask {
    package let labels: ClassLabels
    package let base: FineTuneBase
    /// The files of the examples.
    package let files: [String]
    private let train: ClassifiedExamples
    /// The texts of `train`, and the sequences that they fill.
    private let texts: [LabelledText]
    private let sequences: ExampleSet
    package let validation: ClassifiedExamples
    /// The examples for the report at the end; may be empty.
    package let test: ClassifiedExamples
    private let labelWarnings: [String]
    package let skippedRecords: [SkippedRecord]
    private let classWeights: [Float]
    private let sequenceLength: Int
    private let isPacked: Bool

    /// - Throws: `Failure` for records that cannot be used, with file and line.
    package init(
        _ recipe: TrainingRecipe, _ options: FineTuneOptions, _ lora: LoRAOptions
    ) throws {
        base = try FineTuneBase(recipe, options, lora)
        files = options.data + options.validation + options.test
        sequenceLength = base.sequenceLength(recipe)
        let texts = try LabelledTextSplit(options, seed: recipe.seed, labels: base.labels)
        labels = texts.labels
        labelWarnings = texts.warnings
        skippedRecords = texts.skipped
        let (labels, tokenizer, length) = (texts.labels, base.tokenizer, sequenceLength)
        func encode(_ texts: [LabelledText]) throws -> ClassifiedExamples {
            try ClassifiedExamples(
                texts, labels: labels, tokenizer: tokenizer, sequenceLength: length)
        }
        train = try encode(texts.train)
        self.texts = texts.train
        let alone = ExampleSet(
            train.examples, places: texts.train.map(\.place), sequenceLength: sequenceLength)
        isPacked = options.packing == .isolated
        sequences = isPacked ? alone.packed() : alone
        validation = try encode(texts.validation)
        test = try encode(texts.test)
        let counts = labels.counts(of: try texts.train.map(labels.index))
        switch options.classWeights {
        case .none: classWeights = counts.map { _ in 1 }
        case .balanced: classWeights = ClassLabels.balancedWeights(counts: counts)
        }
    }

    package var description: String {
        "\(Quantity.count(train.examples.count, "text")) of the classes \(labels.names.joined(separator: ", "))"
            + (isPacked ? " in \(Quantity.count(sequences.examples.count, "sequence"))" : "") + "; "
            + "\(validation.examples.count) more for validation, \(test.examples.count) for the test"
    }

    package var warnings: [String] {
        let sets = [("training", train), ("validation", validation), ("test", test)]
        return base.notes + labelWarnings
            + sets.compactMap { name, set in
                set.warning(sequenceLength: sequenceLength).map { "\(name): \($0)" }
            }
    }

    package var classCount: Int? { labels.count }

    package func source(_ recipe: TrainingRecipe) -> any BatchSource { examples(recipe) }

    package func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
    {
        let index = examples(recipe).indices(step: step, sequences: number..<number + 1)[0]
        guard !isPacked else {
            return ShownSequence(
                place: sequences.places[index], text: try shared(sequences.examples[index]))
        }
        let text = texts[index]
        return ShownSequence(
            place: "\(text.place)" + (text.label.map { ", \($0)" } ?? ""), text: text.text)
    }

    /// The texts that share a sequence, a line each, with their classes.
    private func shared(_ sequence: TokenExample) throws -> String {
        var start = 0
        return try sequence.lengths.map { length in
            let own = start..<start + length
            start += length
            let text = try base.tokenizer.decode(sequence.inputs[own])
            return "\(labels.names[Int(sequence.targets[own.upperBound - 1])]): \(text)"
        }.joined(separator: "\n")
    }

    private func examples(_ recipe: TrainingRecipe) -> ExampleSource {
        ExampleSource(
            sequences, globalBatchSize: recipe.train.globalBatchSize, seed: UInt64(recipe.seed),
            isShuffled: recipe.data.shuffle.isShuffled,
            // Where the length of a text tells its class, batches of one length would be of one class.
            windowSize: 1)
    }

    package func validationLoss(_ recipe: TrainingRecipe) -> ValidationLoss? {
        guard !validation.examples.isEmpty else { return nil }
        return ValidationLoss(
            examples: validation.examples, portionSize: recipe.train.microBatchSize)
    }

    package func objective(_ model: LanguageModel) -> any Objective {
        ClassificationObjective(model: model, classWeights: classWeights)
    }

    package func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles {
        try base.checkpointFiles(recipeText: recipeText, labels: labels.names)
    }
}
