import Collectives
import Datasets
import Diagnostics
import Evaluation
import Logging
import ModelFiles
import Models
import Signals
import Tensors
import Tokenizers
import Training

extension TrainingPhase {
    /// The parts that the trainer works with, from a recipe that leaves nothing open; nothing is
    /// loaded yet.
    package func makeSetup(
        _ recipe: Recipe, _ task: any TrainingTask, metrics: MetricsPlace?,
        _ stopRequest: StopRequest, _ logger: Logger
    ) throws -> TrainerSetup {
        let usual = compute.makeDevice(isTraced: recipe.train.profileSteps > 0)
        let device = task.computesByRow ? usual.byRow : usual
        let board = ProgressBoard(trace: device.trace?.training)
        let world = WatchedCommunicator(communicator, board: board)
        let islands = try Islands.split(world, count: recipe.train.islands)
        let replica = islands?.own ?? communicator
        let parts = try communicator.agree { try TaskParts(task, recipe) }
        let (configuration, plan, stepCount) = (parts.configuration, parts.plan, parts.stepCount)
        let (memory, train) = try makeMemory(recipe, parts, islands, logger)
        let model = LanguageModel(
            configuration, device: device, weights: memory?.weights.map(Tensor.init(over:)),
            plan: plan)
        logger.info(
            "\(configuration.summary): \(Quantity.count(model.parameters.parameterCount, "parameter")), \(Quantity.count(stepCount, "step"))"
        )
        announceSources(parts.source, recipe, stepCount: stepCount, logger)
        announceFrozen(model.parameters.layout, logger)
        announceValidation(parts.validation, recipe.evaluate, logger)
        islands.map { announce($0, recipe, model.parameters.layout, logger) }
        let store = CheckpointStore(directory: recipe.output + "/checkpoints")
        var setup = TrainerSetup(
            communicator: world, model: model,
            objective: task.objective(model),
            optimizer: Optimizer(
                recipe.optimizer, train.optimizerSharding, parameters: model.parameters,
                hidden: configuration.linearModules, memory: memory, over: replica),
            memory: memory,
            source: parts.source, validation: parts.validation, store: store,
            checkpointFiles: try task.checkpointFiles(
                configuration, recipeText: recipe.stored.resolvedYAML),
            seed: UInt64(recipe.seed), stepCount: stepCount, train: train,
            optimizerOptions: recipe.optimizer, checkpoint: recipe.checkpoint,
            evaluation: recipe.evaluate, metrics: metrics, logger: logger,
            stopRequest: stopRequest, board: board)
        setup.islands = islands
        setup.experience = task.experience(recipe.training, model)
        // The loss of answers that are rewarded says nothing: it is about 0 from first to last.
        setup.signs =
            setup.experience == nil
            ? LearningSigns.Scale(
                uniformLoss: setup.objective.uniformLoss,
                warmupSteps: recipe.optimizer.warmupSteps, stepCount: stepCount,
                peakLearningRate: recipe.optimizer.learningRate) : nil
        setup.tasks = try makeTasks(recipe.evaluate, setup.checkpointFiles)
        setup.samples = try makeSamples(recipe, setup.checkpointFiles, in: metrics?.directory)
        return setup
    }

    /// The tasks that are evaluated during the training, alike on all ranks.
    private func makeTasks(
        _ options: EvaluationOptions, _ files: CheckpointFiles
    ) throws -> TaskSuite? {
        guard !options.tasks.isEmpty else { return nil }
        let suite = try communicator.agree {
            guard files.labels == nil else {
                throw Failure(
                    FailureText("\(key: "evaluate.tasks") ask a model that writes text"),
                    expected: "no tasks", got: "a classifier", remedy: "leave them out",
                    kind: .usage)
            }
            let tokenizer = try TokenizerFile.parse(files.tokenizerJSON, at: "tokenizer.json")
            return TaskSuite(
                try options.tasks.flatMap { try TaskCatalog.tasks($0) }, tokenizer,
                limit: options.limit)
        }
        try communicator.agree { try RankInputs(files: suite.files) }
            .requireEqual(over: communicator)
        return suite
    }

    /// Checks that the training fits into memory, and takes what the ranks of a node share; and the
    /// options with the way of sharding that is left to it.
    private func makeMemory(
        _ recipe: Recipe, _ parts: TaskParts, _ islands: Islands?, _ logger: Logger
    ) throws -> (TrainingMemory?, TrainOptions) {
        let replica = islands?.own ?? communicator
        var size = TrainingSize(
            recipe, parts.configuration, parts.plan, isValidated: parts.validation != nil,
            communicator, islands)
        // A sequence of a batch may hold several texts, each of which is as long as the recipe says.
        size.train.sequenceLength = parts.source.sequenceLength
        let check = { try MemoryCheck.run(size, over: replica, logger) }
        try islands?.together(check) ?? check()
        let laneCount = recipe.train.lanes ?? communicator.worldSize
        let memory = try TrainingMemory.share(
            parts.plan.layout(of: parts.configuration),
            tree: LaneTree(laneCount: islands?.lanes(of: laneCount).count ?? laneCount),
            recipe.train, roundsWeights: recipe.training.multipliesBFloat16,
            ring: size.gradientRing, over: replica, logger)
        let train = recipe.train.settlingSharding(memory, worldSize: replica.worldSize, logger)
        announceGradientType(train, memory, logger)
        if let ring = memory?.ring {
            let size = Quantity.bytes(ring.size * MemoryLayout<Float>.stride)
            logger.info(
                "train.node_memory: the gradients of blocks lie in a ring of \(size) a rank")
        }
        return (memory, train)
    }
}

/// The parts of a training that a task makes from a recipe that leaves nothing open.
private struct TaskParts {
    let source: any BatchSource
    let validation: ValidationLoss?
    let stepCount: Int
    let configuration: DecoderConfiguration
    let plan: ParameterPlan

    init(_ task: any TrainingTask, _ recipe: Recipe) throws {
        source = try task.source(recipe.training)
        validation = try task.validationLoss(recipe.training)
        if validation == nil && !task.validatesExperience { try recipe.refuseBestCheckpoint() }
        stepCount = try recipe.train.stepCount(windowCount: source.sequenceCount)
        configuration = try task.configuration(recipe.training)
        plan = try task.plan(recipe.training, configuration)
        try plan.check(recipe.optimizer, of: configuration)
    }
}
