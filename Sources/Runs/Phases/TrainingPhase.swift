import Collectives
import Diagnostics
import Logging
import Signals
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
        try task.checkWorld(recipe.training)
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
}
