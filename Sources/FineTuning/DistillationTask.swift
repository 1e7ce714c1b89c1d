import Collectives
import Datasets
import Diagnostics
import Evaluation
import Models
import Objectives
import Tensors
import Training

/// Fine-tuning on what another model says of the answers to instructions: on its distributions in the place
/// of the tokens.
package struct DistillationTask: TrainingTask {
    private var instructions: InstructionTask
    private let options: DistillationOptions
    private let teacherModel: ReferenceModel
    /// Nil until it has been loaded, or what it said has been read.
    private var teacher: Teacher?

    /// - Throws: `Failure` for records that cannot be used, with file and line.
    package init(
        _ recipe: TrainingRecipe, _ options: FineTuneOptions, _ lora: LoRAOptions
    ) throws {
        instructions = try InstructionTask(recipe, options, lora)
        self.options = options.distillation
        teacherModel = ReferenceModel(
            path: options.distillation.teacher ?? "", base: nil, role: .teacher)
    }

    package var description: String { instructions.description }
    package var warnings: [String] { instructions.warnings }
    package var skippedRecords: [SkippedRecord] { instructions.skippedRecords }
    package var inputs: RankInputs { get throws { try instructions.inputs } }

    package func configuration(_ recipe: TrainingRecipe) -> DecoderConfiguration {
        instructions.configuration(recipe)
    }

    package func plan(_ recipe: TrainingRecipe, _ model: DecoderConfiguration) throws
        -> ParameterPlan
    {
        try instructions.plan(recipe, model)
    }

    package func source(_ recipe: TrainingRecipe) -> any BatchSource { examples(recipe) }

    private func examples(_ recipe: TrainingRecipe) -> CorrectedSource {
        CorrectedSource(
            examples: instructions.examples(recipe), share: options.onPolicy,
            answerLength: options.maximumNewTokens,
            mostInputs: instructions.base.sequenceLength(recipe))
    }

    /// The answers that the student writes itself in a share of the steps.
    package func experience(
        _ recipe: TrainingRecipe, _ model: LanguageModel
    ) -> (any Experience)? {
        guard options.onPolicy > 0 else { return nil }
        let (base, template) = (instructions.base, instructions.template)
        var settings = PolicySettings()
        (settings.temperature, settings.maximumTokens) =
            (options.temperature, options.maximumNewTokens)
        return CorrectedExperience(
            AnswerSampling(
                model: model, tokenizer: base.tokenizer, settings: settings,
                stopIDs: Set(base.answerEnds(template)), stops: template.stops,
                seed: UInt64(recipe.seed)),
            examples(recipe), run: recipe.output)
    }

    /// Returns the example, or of a step whose answers the student wrote its prompt; the answers lie in the
    /// run's rollouts.
    package func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
    {
        let source = examples(recipe)
        guard source.isWritten(step: step) else {
            return try instructions.shownSequence(number, ofStep: step, recipe)
        }
        let file = RolloutFile(ofStep: step, inRun: recipe.output)
        let prompt = source.prompts(step: step, sequences: number..<number + 1)[0]
        return ShownSequence(
            place: "\(source.place(step: step, sequence: number)), answer \(number + 1) of "
                + file.path,
            text: try instructions.tokenizer.decode(prompt))
    }

    package func validationLoss(_ recipe: TrainingRecipe) -> ValidationLoss? {
        instructions.validationLoss(recipe)
    }

    package func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles {
        try instructions.checkpointFiles(configuration, recipeText: recipeText)
    }

    package func objective(_ model: LanguageModel) -> any Objective {
        // A plan loads no teacher, and knows what the student takes.
        guard let teacher else { return instructions.objective(model) }
        return DistillationObjective(model: model, teacher: teacher, options.measure)
    }

    // MARK: The teacher

    /// One that has been loaded is in memory; one that reads all examples first is gone again.
    package func otherModelBytes(_ recipe: TrainingRecipe) throws -> Int {
        guard teacher == nil, options.stored == nil else { return 0 }
        return try teacherModel.byteCount(roundsWeights: recipe.multipliesBFloat16)
    }

    /// Loads the teacher; or lets it read all examples, or reads what it said of them.
    package func prepared(
        _ recipe: TrainingRecipe, for steps: Range<Int>, on device: () -> Device,
        over communicator: any Communicator
    ) throws -> PreparedTask {
        guard !steps.isEmpty else { return PreparedTask(self) }
        let start = ContinuousClock.now
        func load() throws -> LanguageModel {
            let model = try teacherModel.load(
                besides: instructions.tokenizer, roundsWeights: recipe.multipliesBFloat16,
                on: device, over: communicator)
            try communicator.agree { try check(model.configuration, recipe) }
            return model
        }
        var task = self
        let what: String
        if let path = options.stored {
            let stored = StoredTeacher(
                path: path, model: teacherModel, examples: instructions.allExamples,
                roundsWeights: recipe.multipliesBFloat16, count: options.topK ?? 1,
                temperature: options.temperature,
                vocabularySize: instructions.configuration(recipe).vocabularySize)
            let found = try stored.tokens(over: communicator, load)
            task.instructions.number(found.tokens.firstRows)
            task.teacher = .stored(found.tokens.tokens)
            let count = Quantity.count(instructions.allExamples.count, "example")
            what =
                found.isRead
                ? "\(path) holds what \(teacherModel.path) says of \(count), read"
                : "\(teacherModel.path) has read \(count), into \(path),"
        } else {
            task.teacher = .model(try load(), likeliest: options.topK)
            what = "\(teacherModel.path) reads each batch; loaded"
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return PreparedTask(
            task, note: "teacher: \(what) in \(seconds.formattedTo(1)) seconds")
    }

    /// The teacher must have a row for each token of the student, and read as long texts.
    private func check(_ teacher: DecoderConfiguration, _ recipe: TrainingRecipe) throws {
        let student = instructions.configuration(recipe)
        guard teacher.vocabularySize >= student.vocabularySize else {
            throw Failure(
                "the teacher has fewer rows than the student has tokens",
                expected: "at least \(student.vocabularySize)", got: "\(teacher.vocabularySize)",
                at: teacherModel.path,
                remedy: FailureText("name a teacher of the family of \(key: "finetune.from")"))
        }
        let length = max(instructions.longestExample, examples(recipe).sequenceLength)
        guard teacher.contextLength >= length else {
            throw Failure(
                "the sequences are longer than the context of the teacher",
                expected: "at most \(teacher.contextLength) tokens", got: "\(length)",
                at: teacherModel.path,
                remedy: FailureText("lower \(key: "finetune.train.sequence_length")"))
        }
    }
}
