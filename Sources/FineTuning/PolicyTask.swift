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

/// Fine-tuning on answers that the model gives itself, by their rewards.
package struct PolicyTask: RecordTask {
    package let base: FineTuneBase
    private let options: PolicyOptions
    private let settings: PolicySettings
    private let template: ChatTemplate
    /// The files that are read.
    package let files: [String]
    private let train: [EncodedPrompt]
    private let validation: [EncodedPrompt]
    private var judge: AnswerJudge
    private var reference = PolicyExperience.Reference.none
    /// Whether the model without its adapters is the one that training starts with.
    private let startsWithoutAdapters: Bool
    private let log: RecordLog
    private let notes: [String]

    /// - Throws: `Failure` for records that cannot be used, with file and line, where none is left, and for
    ///   rules that cannot judge.
    package init(
        _ recipe: TrainingRecipe, _ options: FineTuneOptions, _ lora: LoRAOptions
    ) throws {
        base = try FineTuneBase(recipe, options, lora)
        self.options = options.policy
        settings = options.policy.settings
        files = options.data + options.validation + options.policy.inputs
        template = try base.template()
        judge = try AnswerJudge(
            options.policy.rewards, maximumTokens: options.policy.maximumNewTokens)
        startsWithoutAdapters =
            options.trained == .lora && base.directory == base.source && lora.modulesToSave.isEmpty
        let split = try PromptSplit(
            options, template, seed: recipe.seed,
            PromptEncoder(
                tokenizer: base.tokenizer, template: template,
                sequenceLength: base.sequenceLength(recipe),
                answerLength: options.policy.maximumNewTokens))
        (train, validation, log) = (split.train, split.validation, split.log)
        let dropout = recipe.model.dropoutRate > 0 || lora.dropout > 0
        notes = dropout ? ["dropout is off: a first update finds the sampling again"] : []
        try judge.check((train + validation).map(\.prompt))
        try requireTemperature()
    }

    /// Capped logits are not those that are divided.
    private func requireTemperature() throws {
        guard settings.temperature != 1, let cap = base.configuration.logitCap else { return }
        throw Failure(
            FailureText("\(key: "finetune.policy.temperature") of a model that caps its logits"),
            expected: "1: its logits are bounded by \(cap)", got: "\(settings.temperature)",
            at: base.directory, remedy: "leave it out", kind: .usage)
    }

    package var description: String {
        let held = validation.isEmpty ? "" : "\n\(validation.count) more for validation"
        let shown = train.first.flatMap { try? base.tokenizer.decode($0.ids) } ?? ""
        return "template \(template.name): \(Quantity.count(train.count, "prompt")), "
            + "\(settings.groupSize) answers to each of up to "
            + "\(Quantity.count(settings.maximumTokens, "token"))\(held)\nthe first:\n\(shown)"
    }

    package var warnings: [String] { log.notes + notes }

    package var skippedRecords: [SkippedRecord] { log.skipped }

    /// With values there is a head for them.
    package func plan(_ recipe: TrainingRecipe, _ model: DecoderConfiguration) throws
        -> ParameterPlan
    {
        var plan = try base.plan(recipe, classCount: nil)
        plan.hasValueHead = settings.learnsValues
        return plan
    }

    package func source(_ recipe: TrainingRecipe) -> any BatchSource { prompts(recipe) }

    private func prompts(_ recipe: TrainingRecipe) -> PromptSource {
        PromptSource(
            train, globalBatchSize: recipe.train.globalBatchSize, groupSize: settings.groupSize,
            updateCount: options.updates, answerLength: settings.maximumTokens,
            numbers: AnswerNumbers.unknown(
                tokenCount: settings.maximumTokens, hasEstimates: settings.learnsValues),
            seed: UInt64(recipe.seed), isShuffled: recipe.data.shuffle.isShuffled)
    }

    /// The loss of a policy is nothing that held-out prompts have: see `PolicyExperience.validate`.
    package func validationLoss(_ recipe: TrainingRecipe) -> ValidationLoss? { nil }

    package var validatesExperience: Bool { !validation.isEmpty }

    package func objective(_ model: LanguageModel) -> any Objective {
        PolicyObjective(model: model, settings: settings)
    }

    /// The bits of decoding, so that a first update finds the log-probabilities of the sampling.
    package var computesByRow: Bool { true }

    package func experience(
        _ recipe: TrainingRecipe, _ model: LanguageModel
    ) -> (any Experience)? {
        PolicyExperience(
            .init(
                sampling: AnswerSampling(
                    model: model, tokenizer: base.tokenizer, settings: settings,
                    stopIDs: Set(base.answerEnds(template)), stops: template.stops,
                    seed: UInt64(recipe.seed)),
                judge: judge, reference: reference, source: prompts(recipe),
                validation: validation, stored: options.rollouts.map(RolloutFile.init(path:)),
                run: recipe.output))
    }

    /// The reward models, and the second copy where there is one, stay in memory.
    package func otherModelBytes(_ recipe: TrainingRecipe) throws -> Int {
        let judges = try judge.bytesToLoad()
        guard settings.needsReference, !startsWithoutAdapters, case .none = reference else {
            return judges
        }
        return try judges + secondCopy.byteCount(roundsWeights: recipe.multipliesBFloat16)
    }

    /// What training starts with, as a reference.
    private var secondCopy: ReferenceModel {
        ReferenceModel(path: base.source, base: base.moved, weights: base.weights)
    }

    /// Loads the reward models and, where the model without its adapters is not the one that training starts
    /// with, that. Collective.
    package func prepared(
        _ recipe: TrainingRecipe, for steps: Range<Int>, on device: () -> Device,
        over communicator: any Communicator
    ) throws -> PreparedTask {
        guard !steps.isEmpty else { return PreparedTask(self) }
        var task = self
        try task.judge.loadModels(on: device, over: communicator)
        guard settings.needsReference else { return PreparedTask(task) }
        guard !startsWithoutAdapters else {
            task.reference = .withoutAdapters
            return PreparedTask(task, note: "reference: the model without its adapters")
        }
        task.reference = .model(
            try secondCopy.load(
                besides: base.tokenizer, roundsWeights: recipe.multipliesBFloat16, on: device,
                over: communicator))
        return PreparedTask(task, note: "reference: a second copy of \(base.source)")
    }

    /// Returns the prompt that the sequence answers; the answers lie in the run's rollouts.
    package func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
    {
        let source = prompts(recipe)
        let prompt = train[source.promptNumbers(step: step)[number / settings.groupSize]]
        let file = RolloutFile(ofStep: source.firstStep(of: step), inRun: recipe.output)
        return ShownSequence(
            place: "\(prompt.prompt.place), answer \(number + 1) of \(file.path)",
            text: try base.tokenizer.decode(prompt.ids))
    }

    package func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles {
        try base.checkpointFiles(recipeText: recipeText, template: template)
    }
}

/// The prompts of a recipe: those to learn from, and those that are held out.
private struct PromptSplit {
    let train: [EncodedPrompt]
    let validation: [EncodedPrompt]
    let log: RecordLog

    init(
        _ options: FineTuneOptions, _ template: ChatTemplate, seed: Int, _ encoder: PromptEncoder
    ) throws {
        var log = RecordLog(options.onBadRecord)
        func read(_ paths: [String]) throws -> [EncodedPrompt] {
            let prompts = try paths.flatMap { path in
                var file = PromptFile(
                    path: path, inputBegin: template.inputBegin, mentions: template.mentions)
                (file.columns, file.encoding) = (options.columns.columns, options.encoding)
                return try file.prompts(&log)
            }
            return try encoder.encode(prompts, &log)
        }
        let all = try read(options.data)
        let named = try read(options.validation)
        let split = try ExampleSplit(
            count: all.count, fraction: named.isEmpty ? options.validationFraction : 0,
            seed: UInt64(seed))
        train = split.train.map { all[$0] }
        validation = named.isEmpty ? split.validation.map { all[$0] } : named
        self.log = log
        guard !train.isEmpty else {
            throw Failure(
                "there is nothing to learn: no prompt is left", expected: "at least one",
                got: "none", at: options.data.joined(separator: ", "), remedy: "name other prompts")
        }
    }
}
