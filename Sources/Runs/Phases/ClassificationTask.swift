import Collectives
import Datasets
import Diagnostics
import Evaluation
import Models
import Objectives
import Tokenizers
import Training

/// Fine-tuning to tell the classes of texts.
struct ClassificationTask: TrainingTask {
    package let labels: ClassLabels
    private let base: FineTuneBase
    /// Of the examples.
    private let files: [String]
    private let train: ClassifiedExamples
    /// Those of `train`.
    private let texts: [LabelledText]
    package let validation: ClassifiedExamples
    /// For the report at the end; may be empty.
    package let test: ClassifiedExamples
    private let labelWarnings: [String]
    private let classWeights: [Float]
    private let sequenceLength: Int

    /// - Throws: `Failure` for records that cannot be used, with file and line.
    package init(_ recipe: Recipe) throws {
        base = try FineTuneBase(recipe)
        files = recipe.finetune.data + recipe.finetune.validation + recipe.finetune.test
        sequenceLength = base.sequenceLength(recipe)
        let texts = try LabelledTextSplit(recipe, labels: base.labels)
        labels = texts.labels
        labelWarnings = texts.warnings
        let (labels, tokenizer, length) = (texts.labels, base.tokenizer, sequenceLength)
        func encode(_ texts: [LabelledText]) throws -> ClassifiedExamples {
            try ClassifiedExamples(
                texts, labels: labels, tokenizer: tokenizer, sequenceLength: length)
        }
        train = try encode(texts.train)
        self.texts = texts.train
        validation = try encode(texts.validation)
        test = try encode(texts.test)
        let counts = labels.counts(of: try texts.train.map(labels.index))
        switch recipe.finetune.classWeights {
        case .none: classWeights = counts.map { _ in 1 }
        case .balanced: classWeights = ClassLabels.balancedWeights(counts: counts)
        }
    }

    package var description: String {
        "\(Quantity.count(train.examples.count, "text")) of the classes \(labels.names.joined(separator: ", ")); "
            + "\(validation.examples.count) more for validation, \(test.examples.count) for the test"
    }

    package var warnings: [String] {
        let sets = [("training", train), ("validation", validation), ("test", test)]
        return labelWarnings
            + sets.compactMap { name, set in
                set.warning(sequenceLength: sequenceLength).map { "\(name): \($0)" }
            }
    }

    package var inputs: RankInputs {
        get throws { try RankInputs(files: files) + RankInputs(base.tokenizer, at: base.directory) }
    }

    package func configuration(_ recipe: Recipe) -> ModelConfiguration { base.configuration }

    package func plan(_ recipe: Recipe, _ model: ModelConfiguration) throws -> ParameterPlan {
        try base.plan(recipe, classCount: labels.count)
    }

    package func source(_ recipe: Recipe) -> any BatchSource { examples(recipe) }

    package func shownSequence(_ number: Int, ofStep step: Int, _ recipe: Recipe) throws
        -> ShownSequence
    {
        let index = examples(recipe).indices(step: step, sequences: number..<number + 1)[0]
        let text = texts[index]
        return ShownSequence(
            place: "\(text.place)" + (text.label.map { ", \($0)" } ?? ""), text: text.text)
    }

    private func examples(_ recipe: Recipe) -> ExampleSource {
        ExampleSource(
            ExampleSet(
                train.examples, places: texts.map(\.place), sequenceLength: sequenceLength),
            globalBatchSize: recipe.train.globalBatchSize, seed: UInt64(recipe.seed),
            isShuffled: recipe.data.shuffle)
    }

    package func validationLoss(_ recipe: Recipe) -> ValidationLoss? {
        guard !validation.examples.isEmpty else { return nil }
        return ValidationLoss(
            examples: validation.examples, portionSize: recipe.train.microBatchSize)
    }

    package func objective(_ model: any LanguageModel) -> any Objective {
        ClassificationObjective(model: model, classWeights: classWeights)
    }

    package func checkpointFiles(
        _ configuration: ModelConfiguration, recipe: Recipe
    ) throws -> CheckpointFiles {
        try base.checkpointFiles(recipe, labels: labels.names)
    }
}

/// The texts of a recipe: those to learn from, and those that are held out.
struct LabelledTextSplit {
    package let labels: ClassLabels
    package private(set) var train: [LabelledText] = []
    package private(set) var validation: [LabelledText] = []
    package private(set) var test: [LabelledText] = []
    /// What was left out, and what looks like a mistake.
    package private(set) var warnings: [String] = []

    /// - Parameter given: the labels of the model; nil takes those of the texts.
    package init(_ recipe: Recipe, labels given: [String]?) throws {
        let options = recipe.finetune
        var columns = LabelledTextColumns()
        if let text = options.textColumn { columns.text = text }
        if let label = options.labelColumn { columns.label = label }
        var found: [String] = []
        func read(_ paths: [String]) throws -> [LabelledText] {
            let set = try LabelledTextSet(reading: paths, columns: columns)
            if let warning = set.warning {
                found.append("\(paths.joined(separator: ", ")): \(warning)")
            }
            return set.texts
        }
        let all = try read(options.data)
        let labels = try given.map { try ClassLabels($0) } ?? ClassLabels(of: all)
        self.labels = labels
        let validationFraction = options.validation.isEmpty ? options.validationFraction : 0
        let testFraction = options.test.isEmpty ? options.testFraction : 0
        guard validationFraction + testFraction < 1 else {
            throw Failure(
                FailureText(
                    "\(key: "finetune.validation_fraction") and test_fraction leave nothing to train on"
                ),
                expected: "less than 1 in all", got: "\(validationFraction + testFraction)",
                remedy: "lower them", kind: .usage)
        }
        let split = try StratifiedSplit(
            classes: try all.map(labels.index), labels: labels,
            trainFraction: 1 - validationFraction - testFraction,
            validationFraction: validationFraction, isBalanced: options.balanced,
            seed: UInt64(recipe.seed))
        train = split.train.map { all[$0] }
        validation =
            options.validation.isEmpty
            ? split.validation.map { all[$0] } : try read(options.validation)
        test = options.test.isEmpty ? split.test.map { all[$0] } : try read(options.test)
        warnings = found + labels.warnings(of: all)
    }
}
