import Collectives
import Datasets
import Diagnostics
import Evaluation
import Logging
import ModelFiles
import Models
import Tensors
import Tokenizers
import Training

/// `pretrain`: token shards to a trained model, from scratch, from a model directory, or from the newest
/// checkpoint of the run.
struct PretrainPhase {
    let isResuming: Bool
    let compute: ComputeResources
    let communicator: any Communicator

    /// - Throws: `AgreedFailure` for what is wrong before the first step.
    func run(_ recipe: Recipe) throws -> Trainer.Outcome {
        let data = try communicator.agree { try TrainingData(recipe) }
        let directory = try communicator.agree {
            communicator.rank == 0 ? try RunDirectory(at: recipe.output) : nil
        }
        let start = try RunStart.find(
            recipe, isResuming: isResuming, in: directory, over: communicator)
        let segments = try communicator.replaceSegments(notedAt: directory?.segmentsPath)
        let recipe = try communicator.agree {
            try settle(start.takingOpenKeys(of: recipe), data, start)
        }

        let logger = try communicator.agree {
            try RunLog.logger(rank: communicator.rank, path: directory?.logPath)
        }
        announce(recipe, data, start, logger)
        if !segments.isEmpty {
            logger.warning("removed \(segments.count) files of a killed run from /dev/shm")
        }
        let setup = try makeSetup(
            recipe, data, metricsPath: directory?.metricsPath, StopRequest(), logger)
        let state = try load(setup, start, recipe)
        // Last, so that a run that was refused leaves a directory that holds none.
        try communicator.agree { try directory?.storeRecipe(recipe.stored.resolvedYAML) }
        // The directory is locked as long as there is a reference to it.
        let outcome = try withExtendedLifetime(directory) { try train(setup, state) }
        try setup.memory?.shared.release()
        if outcome == .stopped { logger.info("stopped on request; go on with --resume") }
        return outcome
    }

    /// Trains under the watchdog's eye.
    private func train(_ setup: TrainerSetup, _ state: TrainerState) throws -> Trainer.Outcome {
        let watchdog = try Watchdog.start(
            seconds: setup.train.watchdogSeconds, board: setup.board, over: communicator)
        let outcome = try Trainer(setup, state: state).run()
        try watchdog?.close(over: communicator)
        return outcome
    }

    /// The recipe with what the shards, the model of `init.from` and the world decide.
    func settle(
        _ recipe: Recipe, _ data: TrainingData, _ start: RunStart
    ) throws -> Recipe {
        var recipe = recipe
        let configuration = try data.configuration(recipe)
        if recipe.initial.from == nil {
            recipe.model.vocabularySize = configuration.vocabularySize
        }
        recipe.train.sequenceLength = recipe.train.sequenceLength ?? configuration.contextLength
        let givenLaneCount = start.state?.laneCount ?? recipe.train.lanes
        let laneCount = givenLaneCount ?? communicator.worldSize
        recipe.train.lanes = laneCount
        try recipe.train.validate(
            lanes: laneCount,
            key: givenLaneCount == nil ? "the number of ranks" : "train.lanes")
        _ = try LaneTree(laneCount: laneCount).lanes(
            ofRank: communicator.rank, worldSize: communicator.worldSize)
        guard recipe.sequenceLength <= configuration.contextLength else {
            throw Failure(
                "train.sequence_length is larger than the context of the model",
                expected: "at most \(configuration.contextLength)",
                got: "\(recipe.sequenceLength)", remedy: "lower it", kind: .usage)
        }
        return recipe
    }

    private func announce(
        _ recipe: Recipe, _ data: TrainingData, _ start: RunStart, _ logger: Logger
    ) {
        logger.info("recipe:\n\(recipe.resolvedYAML)")
        logger.info("\(compute.description(worldSize: communicator.worldSize))")
        if recipe.train.precision == .bf16 && !ComputeKernels.hasBFloat16 {
            logger.warning(
                "this processor has no instructions for bf16: the products are computed in fp32")
        }
        for warning in compute.warnings + start.messages { logger.warning("\(warning)") }
        if let checkpoint = start.checkpoint { logger.info("resuming from \(checkpoint)") }
        if let kernels = start.state?.kernels, kernels != compute.kernels.description {
            logger.warning(
                """
                from here on the bits differ from those of the run so far: it computed with \
                \(kernels), now it is \(compute.kernels.description)
                """)
        }
        logger.info("\(data.description)")
    }

    /// What the trainer works with, from a recipe that leaves nothing open; nothing is loaded yet.
    func makeSetup(
        _ recipe: Recipe, _ data: TrainingData, metricsPath: String?, _ stopRequest: StopRequest,
        _ logger: Logger
    ) throws -> TrainerSetup {
        let device = compute.makeDevice()
        let (sampler, validation, stepCount, configuration) = try communicator.agree {
            let sampler = try data.sampler(recipe)
            return (
                sampler, try data.validationLoss(recipe),
                try recipe.train.stepCount(windowCount: sampler.windowCount),
                try data.configuration(recipe)
            )
        }
        let memory = try TrainingMemory.share(
            ParameterPlan().flatCounts(of: configuration),
            tree: LaneTree(laneCount: recipe.train.lanes ?? communicator.worldSize), recipe.train,
            over: communicator, logger)
        announceGradientType(recipe.train, memory, logger)
        let model = configuration.makeModel(
            device: device, weights: memory?.weights.map(Tensor.init(over:)))
        logger.info(
            "\(configuration.summary): \(model.parameters.parameterCount) parameters, \(stepCount) steps"
        )
        let store = CheckpointStore(directory: recipe.output + "/checkpoints")
        let board = ProgressBoard()
        return TrainerSetup(
            communicator: WatchedCommunicator(communicator, board: board), model: model,
            objective: NextTokenObjective(model: model),
            optimizer: AdamW(
                recipe.optimizer, recipe.train, parameters: model.parameters, memory: memory,
                over: communicator),
            memory: memory,
            source: WindowSource(stream: data.train, sampler: sampler), validation: validation,
            store: store,
            checkpointFiles: try data.checkpointFiles(configuration, recipe: recipe.stored),
            seed: UInt64(recipe.seed), stepCount: stepCount, train: recipe.train,
            optimizerOptions: recipe.optimizer, checkpoint: recipe.checkpoint,
            evaluation: recipe.evaluate, metricsPath: metricsPath, logger: logger,
            stopRequest: stopRequest, board: board)
    }

    private func announceGradientType(
        _ train: TrainOptions, _ memory: TrainingMemory?, _ logger: Logger
    ) {
        guard train.gradientType == .bf16, communicator.worldSize > 1 else { return }
        logger.info(
            memory == nil
                ? "train.gradient_dtype: bf16: the weights depend on the number of ranks"
                : "train.gradient_dtype: bf16 changes nothing: the ranks add in shared memory")
    }

    /// Fills model and optimizer on rank 0 and gives all ranks the same bits.
    func load(
        _ setup: TrainerSetup, _ start: RunStart, _ recipe: Recipe
    ) throws -> TrainerState {
        let moments = start.state.flatMap { _ in
            setup.optimizer.momentsToFill(rank: communicator.rank)
        }
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            if let checkpoint = start.checkpoint, let moments {
                try CheckpointReader.readWeights(of: setup.model, from: checkpoint)
                try CheckpointReader.read(moments, of: setup.model.parameters, from: checkpoint)
            } else if let directory = recipe.initial.from {
                try CheckpointReader.readWeights(of: setup.model, from: directory)
            } else {
                setup.model.initialize(seed: setup.seed)
            }
        }
        try setup.optimizer.spreadParameters(over: communicator)
        if recipe.multipliesBFloat16 { setup.model.parameters.keepBFloat16() }
        guard var state = start.state else {
            return TrainerState(
                laneCount: recipe.train.lanes ?? communicator.worldSize,
                kernels: compute.kernels.description)
        }
        try setup.optimizer.takeMoments(moments, over: communicator)
        setup.optimizer.updateCount = state.updateCount
        state.kernels = compute.kernels.description
        return state
    }
}

extension Recipe {
    /// Whether bf16 is asked for and the processor has it.
    var multipliesBFloat16: Bool { train.precision == .bf16 && ComputeKernels.hasBFloat16 }
}
