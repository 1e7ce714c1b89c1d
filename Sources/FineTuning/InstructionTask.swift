import Collectives
import Datasets
import Diagnostics
import Evaluation
import ModelFiles
import Models
import Objectives
import Tokenizers
import Training

/// Fine-tuning on answers to instructions and in conversations.
package struct InstructionTask: RecordTask {
    package let base: FineTuneBase
    /// The files of the examples.
    package let files: [String]
    let template: ChatTemplate
    private var train: ExampleSet
    private var validation: ExampleSet?
    private let log: RecordLog

    /// - Throws: `Failure` for records that cannot be used, with file and line.
    package init(
        _ recipe: TrainingRecipe, _ options: FineTuneOptions, _ lora: LoRAOptions
    ) throws {
        base = try FineTuneBase(recipe, options, lora)
        files = options.data + options.validation + options.test
        let template = try base.template()
        self.template = template
        let encoder = ExampleEncoder(
            tokenizer: base.tokenizer, template: template,
            sequenceLength: base.sequenceLength(recipe),
            lossOn: options.lossOn)
        var log = RecordLog(options.onBadRecord)
        func read(_ paths: [String]) throws -> [Conversation] {
            try paths.flatMap { path in
                var file = ConversationFile(
                    path: path, inputBegin: template.inputBegin, mentions: template.mentions)
                (file.columns, file.encoding) = (options.columns.columns, options.encoding)
                return try file.conversations(&log)
            }
        }
        let all = try read(options.data)
        let named = try read(options.validation)
        let split = try ExampleSplit(
            count: all.count,
            fraction: named.isEmpty ? options.validationFraction : 0,
            seed: UInt64(recipe.seed))
        let heldOut = named.isEmpty ? split.validation.map { all[$0] } : named
        let train = try encoder.encode(split.train.map { all[$0] }, &log)
        switch options.packing {
        case .none: self.train = train
        case .isolated: self.train = train.packed()
        case .joined: self.train = train.joined()
        }
        do {
            validation = heldOut.isEmpty ? nil : try encoder.encode(heldOut, &log)
        } catch var failure as Failure {
            failure.place = failure.place ?? "the conversations held out for validation"
            throw failure
        }
        try log.requireMostUsed()
        self.log = log
    }

    package var description: String {
        let example = (try? train.text(of: 0, by: base.tokenizer)) ?? ""
        let held = validation.map { "\n\($0.examples.count) more for validation" } ?? ""
        return "template \(template.name): \(train.description)\(held)\n"
            + "the first example; what stands in \u{27E6} \u{27E7} is learnt:\n\(example)"
    }

    package var warnings: [String] {
        base.notes + log.notes + train.warnings
            + (validation?.warnings.map { "validation: \($0)" } ?? [])
            + (endWarning.map { [$0] } ?? [])
    }

    /// A warning where the end of an answer is several tokens, as in a template made for another
    /// vocabulary; nil where it is one.
    private var endWarning: String? {
        let end = template.answerEnd
        guard let ids = try? base.tokenizer.encode(end), ids.count > 1 else { return nil }
        return
            "the end of answers in the template \(template.name), \(end.debugDescription), is no token "
            + "of this vocabulary but \(ids.count): the model may be slow to learn it"
    }

    package var skippedRecords: [SkippedRecord] { log.skipped }

    package func source(_ recipe: TrainingRecipe) -> any BatchSource { examples(recipe) }

    /// Returns the sequence as text, with what is learnt between ⟦ and ⟧.
    package func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
    {
        let source = examples(recipe)
        let index = source.indices(step: step, sequences: number..<number + 1)[0]
        return ShownSequence(
            place: source.place(step: step, sequence: number),
            text: try train.text(of: index, by: base.tokenizer))
    }

    func examples(_ recipe: TrainingRecipe) -> ExampleSource {
        ExampleSource(
            train, globalBatchSize: recipe.train.globalBatchSize, seed: UInt64(recipe.seed),
            isShuffled: recipe.data.shuffle.isShuffled)
    }

    package func validationLoss(_ recipe: TrainingRecipe) -> ValidationLoss? {
        validation.map {
            ValidationLoss(examples: $0.examples, portionSize: recipe.train.microBatchSize)
        }
    }

    package func objective(_ model: LanguageModel) -> any Objective {
        NextTokenObjective(model: model)
    }

    package func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles {
        try base.checkpointFiles(recipeText: recipeText, template: template)
    }
}

// What a distillation of the same examples needs.
extension InstructionTask {
    var tokenizer: any Tokenizer { base.tokenizer }

    /// The examples to learn from, then those held out.
    var allExamples: [TokenExample] { train.examples + (validation?.examples ?? []) }

    /// Tokens of the longest of them.
    var longestExample: Int { allExamples.map(\.inputs.count).max() ?? 0 }

    /// Gives each of them a number.
    mutating func number(_ numbers: [Int]) {
        train.number(numbers.prefix(train.examples.count))
        validation?.number(numbers.dropFirst(train.examples.count))
    }
}
