import Collectives
import Datasets
import Diagnostics
import Evaluation
import ModelFiles
import Models
import Objectives
import Tensors
import Tokenizers
import Training

/// Fine-tuning on which answers are better.
package struct PreferenceTask: RecordTask {
    package let base: FineTuneBase
    private let options: PreferenceOptions
    private let settings: PreferenceSettings
    /// The files of the examples.
    package let files: [String]
    private let template: ChatTemplate
    private var train: PreferenceExamples
    private var validation: PreferenceExamples?
    private let log: RecordLog
    /// What was read and is not learnt from.
    private let notes: [String]

    /// - Throws: `Failure` for records that cannot be used, with file and line, and where none is left.
    package init(
        _ recipe: TrainingRecipe, _ options: FineTuneOptions, _ lora: LoRAOptions
    ) throws {
        base = try FineTuneBase(recipe, options, lora)
        self.options = options.preference
        settings = options.preference.settings
        if settings.needsReference, options.preference.namedReference == nil {
            try base.requireKnownTokens()
        }
        files = options.data + options.validation
        template = try base.template()
        let encoder = PreferenceEncoder(
            tokenizer: base.tokenizer, template: template,
            sequenceLength: base.sequenceLength(recipe))
        let split = try PreferenceSplit(
            options, learnsFromLabels: settings.learnsFromLabels, template, seed: recipe.seed)
        var log = split.log
        let isLabelled = options.preference.settings.learnsFromLabels
        let size = recipe.train.globalBatchSize
        func encode(_ preferences: [Preference]) throws -> PreferenceExamples {
            isLabelled
                ? try encoder.labels(preferences, groupSize: size, &log)
                : try encoder.pairs(preferences, &log)
        }
        train = try encode(split.train)
        let heldOut = try encode(split.validation)
        validation = heldOut.count == 0 ? nil : heldOut
        self.log = log
        let dropout = recipe.model.dropoutRate > 0 || lora.dropout > 0
        notes =
            split.notes
            + (dropout ? ["dropout is off: the model is compared with its reference"] : [])
        try requireExamples()
    }

    /// Refuses to train on nothing, and on answers of which all are good, or all are bad.
    private func requireExamples() throws {
        let examples = train.examples.examples
        guard !examples.isEmpty else {
            throw Failure(
                "there is nothing to learn: no preference is left", expected: "at least one",
                got: "none", at: files.joined(separator: ", "), remedy: "name other examples")
        }
        guard settings.learnsFromLabels else { return }
        let goodCount = examples.count { $0.numbers[0] > 0 }
        guard goodCount == 0 || goodCount == examples.count else { return }
        throw Failure(
            "the labels are of one kind only", expected: "good answers and bad ones",
            got: "\(examples.count) \(goodCount == 0 ? "bad" : "good") ones",
            at: files.joined(separator: ", "),
            remedy: "add some of the other kind: kto learns from their difference")
    }

    package var description: String {
        let kind = settings.learnsFromLabels ? "answer" : "pair"
        let held = validation.map { "\n\($0.count) more for validation" } ?? ""
        let example = (try? train.examples.text(of: 0, by: base.tokenizer)) ?? ""
        return "template \(template.name): \(Quantity.count(train.count, kind)) of "
            + "\(Quantity.count(train.examples.tokenCount, "token"))\(held)\n"
            + "the first; what stands in \u{27E6} \u{27E7} is compared:\n\(example)"
    }

    package var warnings: [String] {
        base.notes + log.notes + notes + [train.warning].compactMap { $0 }
            + (validation?.warning.map { ["validation: \($0)"] } ?? [])
    }

    package var skippedRecords: [SkippedRecord] { log.skipped }

    package func source(_ recipe: TrainingRecipe) -> any BatchSource { examples(recipe) }

    /// Returns both texts, with what is compared between ⟦ and ⟧.
    package func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
    {
        let source = examples(recipe)
        let index = source.indices(step: step, sequences: number..<number + 1)[0]
        return ShownSequence(
            place: source.place(step: step, sequence: number),
            text: try train.examples.text(of: index, by: base.tokenizer))
    }

    private func examples(_ recipe: TrainingRecipe) -> ExampleSource {
        ExampleSource(
            train.examples, globalBatchSize: recipe.train.globalBatchSize,
            seed: UInt64(recipe.seed),
            isShuffled: recipe.data.shuffle.isShuffled)
    }

    package func validationLoss(_ recipe: TrainingRecipe) -> ValidationLoss? {
        validation.map {
            ValidationLoss(examples: $0.examples.examples, portionSize: recipe.train.microBatchSize)
        }
    }

    package func objective(_ model: LanguageModel) -> any Objective {
        let startsAtReference = options.namedReference == nil
        guard settings.learnsFromLabels else {
            return PairObjective(
                model: model, settings: settings, startsAtReference: startsAtReference)
        }
        return LabelObjective(
            model: model, settings: settings, startsAtReference: startsAtReference)
    }

    package func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles {
        try base.checkpointFiles(recipeText: recipeText, template: template)
    }

    // MARK: The reference

    /// Lets a reference read the examples of these steps and those held out, each once.
    package func prepared(
        _ recipe: TrainingRecipe, for steps: Range<Int>, on device: () -> Device,
        over communicator: any Communicator
    ) throws -> PreparedTask {
        guard settings.needsReference, !steps.isEmpty else { return PreparedTask(self) }
        let start = ContinuousClock.now
        let reference =
            options.namedReference.map { ReferenceModel(path: $0, base: nil) }
            ?? ReferenceModel(path: base.source, base: base.moved, weights: base.weights)
        func load() throws -> LanguageModel {
            try reference.load(
                besides: base.tokenizer, roundsWeights: recipe.multipliesBFloat16, on: device,
                over: communicator)
        }
        var task = self
        let what: String
        if let path = options.storedReference {
            let stored = StoredReference(
                path: path, model: reference, examples: allExamples,
                roundsWeights: recipe.multipliesBFloat16)
            let found = try stored.sums(over: communicator, load)
            task.take(found.sums)
            what = found.isRead ? "\(path) holds" : "\(reference.path) has read, into \(path),"
        } else {
            let model = try load()
            try task.train.appendLikelihoods(
                toExamples: examples(recipe).numbers(ofSteps: steps), by: model,
                over: communicator)
            try task.validation?.appendLikelihoods(
                toExamples: Array(0..<(validation?.count ?? 0)), by: model, over: communicator)
            what = "\(reference.path) has read"
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let count = Quantity.count(
            task.allExamples.count { $0.numbers.count > ownNumberCount },
            settings.learnsFromLabels ? "answer" : "pair")
        return PreparedTask(
            task,
            note: "reference: \(what) \(count) in \(seconds.formattedTo(1)) seconds")
    }

    /// The examples to learn from, then those held out.
    private var allExamples: [TokenExample] {
        train.examples.examples + (validation?.examples.examples ?? [])
    }

    /// Numbers that an example has before a reference has read it.
    private var ownNumberCount: Int { settings.learnsFromLabels ? 1 : 0 }

    /// Takes up what a reference says of all examples.
    private mutating func take(_ sums: [[Double]]) {
        for index in 0..<train.count { train.append(sums[index], toExample: index) }
        for index in 0..<(validation?.count ?? 0) {
            validation?.append(sums[train.count + index], toExample: index)
        }
    }
}

extension PreferenceExamples {
    /// Adds the log-probabilities that a model gives the texts of some examples. Collective.
    fileprivate mutating func appendLikelihoods(
        toExamples numbers: [Int], by model: LanguageModel, over communicator: any Communicator
    ) throws {
        let sums = try TextLikelihoods.sums(
            of: numbers.map { examples.examples[$0] }, textCount: 2, by: model, over: communicator)
        for (number, sums) in zip(numbers, sums) { append(sums, toExample: number) }
    }
}

extension ExampleSource {
    /// The examples of some steps, each once, in ascending order.
    fileprivate func numbers(ofSteps steps: Range<Int>) -> [Int] {
        var found: Set<Int> = []
        for step in steps where found.count < sequenceCount {
            found.formUnion(indices(step: step, sequences: 0..<globalBatchSize))
        }
        return found.sorted()
    }
}
