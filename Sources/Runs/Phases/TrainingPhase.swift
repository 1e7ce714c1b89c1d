import Collectives
import Datasets
import Diagnostics
import Evaluation
import Foundation
import Logging
import ModelFiles
import Models
import Signals
import Tensors
import Tokenizers
import Training

/// `pretrain` and `finetune`: data to a trained model, from scratch, from a model directory, or from the
/// newest checkpoint of the run.
struct TrainingPhase {
    package let isResuming: Bool
    /// Whether a run that holds the directory by an owner's file is ended.
    package var takesOver = false
    package var compute: ComputeResources
    package let communicator: any Communicator
    /// The name before each line on the terminal, where several runs share it; nil for a single
    /// run.
    package var name: String?

    /// - Parameter makeTask: opens the data; called on every rank.
    /// - Throws: `AgreedFailure` for what is wrong before the first step.
    package func run(
        _ recipe: Recipe, _ makeTask: () throws -> any TrainingTask
    ) throws -> Trainer.Outcome {
        let task = try communicator.agree(makeTask)
        try communicator.agree { try task.inputs }.requireEqual(over: communicator)
        let fitted = try communicator.agree { try recipe.fittingWarmup(to: task) }
        let directory = try communicator.agree {
            communicator.rank == 0
                ? try RunDirectory(at: recipe.output, takesOver: takesOver) : nil
        }
        let start = try RunStart.find(
            fitted.recipe, isResuming: isResuming, in: directory, threads: compute.threadCount,
            over: communicator)
        return try taking(kernelsOf: start).run(fitted, task, start, directory)
    }

    /// The phase with the kernels that computed the checkpoint, where this processor has them.
    func taking(kernelsOf start: RunStart) -> TrainingPhase {
        var phase = self
        phase.compute = compute.taking(kernelsOf: start.state?.kernels)
        return phase
    }

    private func run(
        _ fitted: FittedRecipe, _ task: any TrainingTask, _ start: RunStart,
        _ directory: RunDirectory?
    ) throws -> Trainer.Outcome {
        let segments = try communicator.replaceSegments(notedAt: directory?.segmentsPath)
        let recipe = try settleAlike(start.takingOpenKeys(of: fitted.recipe), task, start)

        let logger = try communicator.agree {
            try RunLog.logger(
                rank: communicator.rank, path: directory?.logPath, name: name)
        }
        if let note = fitted.note { logger.info("\(note)") }
        announce(recipe, task, start, logger)
        announceSegments(segments.removed.count, segments.missingByteCount, logger)
        let task = try prepare(task, recipe, start, logger)
        let end = recipe.train.maximumSeconds.map { ProgramClock.start + .seconds($0) }
        var planned = try plan(recipe, task, from: start)
        var setup = try makeSetup(
            recipe, task,
            metrics: directory.map {
                MetricsPlace(
                    directory: $0.path, options: recipe.metrics,
                    recipe: recipe.stored.resolvedYAML)
            },
            StopRequest(at: end), logger)
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try CheckpointRoom(setup, from: start).check(at: recipe.output, logger)
        }
        setup.checkpoint.stopSeconds = try StopLimit.agree(
            recipe.checkpoint.stopSeconds, over: communicator)
        let saveTime = try SaveTime.measure(
            setup, in: setup.store.directory, over: communicator)
        saveTime?.announce(setup.checkpoint, at: recipe.output, logger)
        setup.saveSeconds = saveTime?.seconds
        planned?.checkpointSeconds = saveTime?.seconds
        let state = try load(&setup, start, recipe)
        let watchers = try watch(&setup, recipe, from: state.step)
        defer { watchers.close() }
        // Last, so that a run that was refused leaves a directory that holds none.
        try communicator.agree {
            guard let directory else { return }
            try keepSchedule(setup, state, start, in: directory)
            try planned?.announce(in: directory, logger)
            try directory.storeSkipped(task.skippedRecords)
            try directory.storeRecipe(recipe.stored.resolvedYAML)
        }
        // The directory is locked as long as there is a reference to it.
        let outcome = try withExtendedLifetime(directory) {
            // Of a training that failed too: there one looks for why.
            defer { directory.map { _ = RunReporter(ofRun: $0.path).writeAtEnd() } }
            return try watchers.telling { try train(setup, state) }
        }
        try setup.outer?.release()
        try setup.memory?.shared.release()
        if outcome == .stopped { logger.info("stopped on request; go on with --resume") }
        return outcome
    }

    /// The task with what the steps that are to come need of other models. Collective.
    func prepare(
        _ task: any TrainingTask, _ recipe: Recipe, _ start: RunStart, to last: Int? = nil,
        _ logger: Logger
    ) throws -> any TrainingTask {
        let first = start.state?.step ?? 0
        let steps = try communicator.agree {
            let source = try task.source(recipe.training)
            let count = try recipe.train.stepCount(windowCount: source.sequenceCount)
            return first..<max(first, min(last ?? count, recipe.train.stopAfterSteps ?? count))
        }
        let prepared = try task.prepared(
            recipe.training, for: steps, on: compute.makeDevice, over: communicator)
        if let note = prepared.note { logger.info("\(note)") }
        return prepared.task
    }

    /// Notes the lanes and the schedule that the steps have from here on.
    private func keepSchedule(
        _ setup: TrainerSetup, _ state: TrainerState, _ start: RunStart,
        in directory: RunDirectory
    ) throws {
        var history = try ScheduleHistory(ofRun: directory.path)
        if history.entries.isEmpty, let old = start.state, let stored = start.storedRecipe {
            // A run of an older program, which kept none.
            history.begin(
                ScheduleHistory.Entry(
                    firstStep: 0,
                    stepCount: try stored.train.stepCount(
                        windowCount: setup.source.sequenceCount),
                    laneCount: old.laneCount, optimizer: stored.optimizer))
        }
        history.begin(
            ScheduleHistory.Entry(
                firstStep: state.step, stepCount: setup.stepCount, laneCount: state.laneCount,
                optimizer: setup.optimizerOptions))
        try history.write(toRun: directory.path)
    }

    /// Trains under the watchdog's eye.
    private func train(_ setup: TrainerSetup, _ state: TrainerState) throws -> Trainer.Outcome {
        let watchdog = try Watchdog.start(
            seconds: setup.train.watchdogSeconds, board: setup.board, over: communicator)
        let files = FileWatch.start(
            seconds: setup.train.ioSeconds, board: setup.board, over: communicator)
        defer { files?.close() }
        let outcome = try Trainer(setup, state: state).run()
        try watchdog?.close(over: communicator)
        return outcome
    }

    /// The settled recipe, which is the same on all ranks, as is the model. Collective.
    func settleAlike(
        _ recipe: Recipe, _ task: any TrainingTask, _ start: RunStart
    ) throws -> Recipe {
        let (settled, inputs) = try communicator.agree {
            let settled = try settle(recipe, task, start)
            let model = RankInputs(try task.configuration(settled.training), at: "the model")
            return (settled, settled.rankInputs + model)
        }
        try inputs.requireEqual(over: communicator, "the ranks have different recipes or models")
        return settled
    }

    /// The recipe with what the shards, the model of `init.from` and the world decide.
    func settle(
        _ recipe: Recipe, _ task: any TrainingTask, _ start: RunStart
    ) throws -> Recipe {
        var recipe = recipe
        let configuration = try task.configuration(recipe.training)
        if recipe.initial.from == nil {
            recipe.model.vocabularySize = configuration.vocabularySize
        }
        // What fits no weight is refused before anything is announced.
        _ = try task.plan(recipe.training, configuration)
        recipe.train.sequenceLength = recipe.train.sequenceLength ?? configuration.contextLength
        // A recipe that is gone on with names its lanes; one that an older program stored may not.
        let givenLaneCount = recipe.train.lanes ?? start.state?.laneCount
        let laneCount =
            givenLaneCount
            ?? recipe.train.defaultLaneCount(worldSize: communicator.worldSize)
        recipe.train.lanes = laneCount
        try recipe.train.validate(
            lanes: laneCount,
            named: givenLaneCount == nil
                ? "the number of ranks" : "\(key: "train.lanes")")
        _ = try LaneTree(laneCount: laneCount).lanes(
            ofRank: communicator.rank, worldSize: communicator.worldSize)
        _ = try IslandMap(count: recipe.train.islands, hosts: communicator.hosts)
        guard recipe.training.sequenceLength <= configuration.contextLength else {
            throw Failure(
                FailureText(
                    "\(key: "train.sequence_length") is larger than the context of the model"),
                expected: "at most \(configuration.contextLength)",
                got: "\(recipe.training.sequenceLength)", remedy: "lower it", kind: .usage)
        }
        if start.state == nil { try recipe.checkWarmup(task) }
        return recipe
    }

    /// The parts that the trainer works with, from a recipe that leaves nothing open; nothing is
    /// loaded yet.
    package func makeSetup(
        _ recipe: Recipe, _ task: any TrainingTask, metrics: MetricsPlace?,
        _ stopRequest: StopRequest, _ logger: Logger
    ) throws -> TrainerSetup {
        let device = compute.makeDevice()
        let board = ProgressBoard()
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
            optimizer: AdamW(
                recipe.optimizer, train.optimizerSharding, parameters: model.parameters,
                memory: memory, over: replica),
            memory: memory,
            source: parts.source, validation: parts.validation, store: store,
            checkpointFiles: try task.checkpointFiles(
                configuration, recipeText: recipe.stored.resolvedYAML),
            seed: UInt64(recipe.seed), stepCount: stepCount, train: train,
            optimizerOptions: recipe.optimizer, checkpoint: recipe.checkpoint,
            evaluation: recipe.evaluate, metrics: metrics, logger: logger,
            stopRequest: stopRequest, board: board)
        setup.islands = islands
        setup.signs = LearningSigns.Scale(
            uniformLoss: setup.objective.uniformLoss,
            warmupSteps: recipe.optimizer.warmupSteps, stepCount: stepCount,
            peakLearningRate: recipe.optimizer.learningRate)
        setup.tasks = try makeTasks(recipe.evaluate, setup.checkpointFiles)
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
        if validation == nil { try recipe.refuseBestCheckpoint() }
        stepCount = try recipe.train.stepCount(windowCount: source.sequenceCount)
        configuration = try task.configuration(recipe.training)
        plan = try task.plan(recipe.training, configuration)
        try plan.check(recipe.optimizer, of: configuration)
    }
}
