import Collectives
import Datasets
import Diagnostics
import Evaluation
import Foundation
import Logging
import ModelFiles
import Objectives
import Tensors

/// The training loop: one for every task.
package final class Trainer {
    /// The end of a run.
    package enum Outcome: Sendable {
        /// All steps, or those up to `stop_after_steps`, are done.
        case finished
        /// Stopped on request after saving; resume to go on.
        case stopped
    }

    let setup: TrainerSetup
    let gradientStep: GradientComputation
    private let schedule: LearningRateSchedule
    private let clipping: GradientClipping
    /// What reads batches; nil where the training makes them itself.
    let reader: BatchReader?
    let journal: RunJournal?
    let saver: CheckpointSaver
    let islands: IslandLoop?
    var state: TrainerState
    /// What somebody who watches wants, agreed by all ranks.
    private var wanted: Set<RunWishes.Wish> = []
    /// The last step whose parts are reported.
    private let lastProfiledStep: Int
    /// Traces those steps; nil where none are.
    let profiler: StepProfiler?

    package init(_ setup: TrainerSetup, state: TrainerState) throws {
        self.setup = setup
        self.state = state
        lastProfiledStep = state.step + setup.train.profileSteps
        profiler = try setup.beginTrace()
        gradientStep = try GradientComputation(setup, laneCount: state.laneCount)
        schedule = LearningRateSchedule(setup.optimizerOptions, stepCount: setup.stepCount)
        clipping = GradientClipping(maximumNorm: setup.optimizerOptions.maximumGradientNorm)
        reader =
            setup.experience == nil
            ? BatchReader(
                source: setup.source, shares: try setup.shares(gradientStep.sequences),
                rank: setup.communicator.rank, firstStep: state.step,
                trace: setup.model.device.trace?.reader)
            : nil
        let logger = setup.logger
        let step = state.step
        let journal = try setup.communicator.agree {
            try setup.metrics.map {
                try RunJournal(
                    sinks: $0.open(lastStep: step) + setup.watchers,
                    signs: setup.signs.map(LearningSigns.init), logger: logger,
                    stepCount: setup.stepCount, lastStep: step)
            }
        }
        self.journal = journal
        islands = setup.outer.map { IslandLoop($0, optimizer: setup.optimizer, journal: journal) }
        saver = CheckpointSaver(
            setup.model, setup.optimizer.state, store: setup.store, files: setup.checkpointFiles,
            options: setup.checkpoint, over: setup.communicator,
            extras: setup.checkpointExtras
        ) { path, step in try journal?.saved(path, step: step) }
    }

    package func run() throws -> Outcome {
        let outcome: Outcome
        do {
            outcome = try trainSteps()
        } catch let error as AgreedFailure {
            // All ranks know of it: the checkpoint that is under way can still be completed.
            try? setup.board.uncounted(saver.finish)
            throw error
        }
        try trace.measure(.checkpoint) { try setup.board.uncounted(saver.finish) }
        try endTrace()
        if outcome == .finished {
            try setup.islands?.together(requireFiniteEnd) ?? requireFiniteEnd()
        }
        return outcome
    }

    /// Refuses to call a run done whose last figures are no numbers; all ranks know them. What was
    /// saved is finite.
    private func requireFiniteEnd() throws {
        if state.skippedCount > 0 {
            setup.logger.warning("\(state.skippedCount) of \(state.step) steps were skipped")
        }
        guard let failure = state.failureAtEnd else { return }
        throw AgreedFailure(failure, rank: 0, isEverywhere: true)
    }

    private func trainSteps() throws -> Outcome {
        if state.step >= setup.lastStep {
            setup.logger.warning(
                "nothing to train: the run stands at step \(state.step), its last is \(setup.lastStep)"
            )
        }
        while state.step < setup.lastStep && !isExhausted {
            if state.step >= lastProfiledStep { try finishTrace() }
            setup.board.beginStep(state.step + 1)
            let done = try advance()
            let measures = measures(of: done)
            try trace.measure(.metrics) {
                try setup.board.awaitingFiles("metrics.jsonl and log.txt") {
                    try record(done, measures)
                }
            }
            let reason = setup.objective.reasonToStop(measures)
            let isValidating =
                isDue(setup.evaluation.everySteps) || wanted.remove(.validate) != nil
            let isBest = try isValidating && setup.board.uncounted(validate)
            if setup.tasks != nil, isDue(setup.evaluation.tasksEverySteps) {
                try setup.board.uncounted(evaluateTasks)
            }
            if let samples = setup.samples, isDue(samples.everySteps) {
                try setup.board.uncounted { try write(samples) }
            }
            var isStopping = try agreeAtBoundary()
            let isWanted = wanted.remove(.checkpoint) != nil
            if isDue(setup.checkpoint.everySteps) || isStopping || isExhausted || isWanted
                || reason != nil || isBest && setup.checkpoint.keepBest
            {
                isStopping = try isStopping || awaitsCheckpointInVain()
                let isEarly = isStopping && state.step < setup.lastStep
                try trace.measure(.checkpoint) {
                    try setup.board.uncounted { try isEarly ? saveInTime() : save() }
                }
            }
            if let reason {
                try journal?.event("step \(state.step): the run stops: \(reason)", step: state.step)
                break
            }
            if isStopping && state.step < setup.lastStep { return .stopped }
        }
        try setup.optimizer.completeParameters()
        if isExhausted, let best = state.best {
            setup.logger.info(
                """
                stopped early: no validation loss below \(best.loss.formattedTo(4)) of step \
                \(best.step) in \(state.validationsWithoutGain) validations
                """)
        }
        return .finished
    }

    private func measures(of done: Step) -> [String: Double] {
        setup.objective.measures(done.gradient.sums, progress)
            .merging(done.experienced?.measures ?? [:]) { $1 }
    }

    private func record(_ done: Step, _ measures: [String: Double]) throws {
        for note in done.experienced?.notes ?? [] {
            try journal?.event("step \(state.step): \(note)", step: state.step)
        }
        try journal?.record(
            done.gradient, measures, learningRate: done.learningRate, step: state.step,
            tokens: state.tokenCount, done.clock, profile: profile(done.clock))
        if state.step == 1 {
            try journal?.remark(
                setup.objective.remark(onFirst: measures, loss: done.gradient.loss), step: 1)
        }
    }

    var progress: BatchProgress {
        BatchProgress(
            tokenCount: state.tokenCount,
            sequenceCount: state.step * setup.source.globalBatchSize)
    }

    /// Whether evaluate.patience is at its end; the same on all ranks, as the losses are.
    private var isExhausted: Bool {
        setup.evaluation.patience.map { state.validationsWithoutGain >= $0 } ?? false
    }

    /// The times of the parts of the step that was just done, on this rank; nil where they are not
    /// reported.
    private func profile(_ clock: LapClock) -> StepTimes? {
        guard state.step <= lastProfiledStep else { return nil }
        return StepTimes(
            clock, operations: setup.model.device.operations,
            worldSize: setup.communicator.worldSize)
    }

    /// The results of one step.
    package struct Step {
        package let gradient: BatchGradient
        package let learningRate: Double
        package let clock: LapClock
        /// What the training made for the step; nil where its batch was read.
        var experienced: ExperiencedBatch?
    }

    /// Carries out one step: batch, forward, loss, backward, reduce, clip, update.
    ///
    /// - Parameter learningRate: of the update; nil takes that of the schedule.
    package func advance(learningRate: Double? = nil) throws -> Step {
        try trace.measure(.step, state.step + 1) {
            try makeStep(learningRate ?? schedule.value(at: state.step))
        }
    }

    private func makeStep(_ learningRate: Double) throws -> Step {
        var clock = LapClock()
        setup.model.device.operations.reset()
        let (batch, experienced) = try trace.measure(.data) { try nextBatch(&clock) }
        let learningRate = experienced?.isIdle == true ? 0 : learningRate
        let gradient = try setup.alone {
            try gradientStep.compute(batch, step: state.step, learningRate: learningRate, &clock)
        }
        try trace.measure(.optimizer) {
            try setup.alone { try update(with: gradient, learningRate: learningRate) }
        }
        clock.lap("update")
        state.step += 1
        state.validationLoss = nil
        state.tokenCount += gradient.tokenCount * (setup.islands?.count ?? 1)
        if let islands {
            try trace.measure(.outer) { try islands.advance(to: state.step, gradient) }
            clock.lap("outer")
        }
        return Step(
            gradient: gradient, learningRate: learningRate, clock: clock, experienced: experienced)
    }

    /// Makes one update, unless the gradient is not finite: then the step is skipped, on all ranks
    /// alike.
    private func update(with gradient: BatchGradient, learningRate: Double) throws {
        guard gradient.isFinite else { return try skip(gradient) }
        state.skippedInARow = 0
        if gradient.update == nil {
            try setup.optimizer.update(
                gradient.values, learningRate: learningRate,
                gradientScale: clipping.scale(norm: gradient.norm) * gradient.averaging,
                over: setup.replica)
        }
        if let failure = setup.optimizer.flipFound { throw failure }
        state.updateCount = setup.optimizer.updateCount
        state.average = setup.optimizer.isAveraging ? setup.optimizer.averageWeights : nil
    }

    private func skip(_ gradient: BatchGradient) throws {
        // An update that went on with the gradient may have parameters under way.
        try setup.optimizer.completeParameters()
        state.skippedInARow += 1
        let step = state.step + 1
        let description = try NonFiniteStep(
            gradient: gradient, step: state.step, source: setup.source,
            parameters: setup.objective.parameters
        ).description(over: setup.replica)
        try setup.board.awaitingFiles("metrics.jsonl") {
            try journal?.event("step \(step) skipped: \(description)", step: step)
        }
        guard state.skippedInARow <= setup.train.maximumSkippedSteps else {
            throw AgreedFailure(
                Failure(
                    "the training diverged: \(state.skippedInARow) steps in a row without a "
                        + "finite gradient", got: description, at: "step \(step)",
                    remedy: FailureText(
                        "resume with a lower \(key: "optimizer.learning_rate") or more warmup_steps"
                    )),
                rank: 0, isEverywhere: true)
        }
    }

    /// Whether something is due that happens at the end of the run, and every so many steps.
    private func isDue(_ everySteps: Int) -> Bool {
        state.step == setup.lastStep || everySteps > 0 && state.step % everySteps == 0
    }

    /// Agrees over all ranks between two steps on whether to stop, and on what becomes of the
    /// checkpoint that is under way.
    func agreeAtBoundary() throws -> Bool {
        let own: [Int64] = [setup.stopRequest.isPending ? 1 : 0, saver.progress.rawValue]
        let wishes = setup.wishes?.take() ?? RunWishes.Wish.allCases.map { _ in 0 }
        let agreed =
            try islands?.agree(own) ?? setup.communicator.allReduce(own + wishes, .maximum)
        for (wish, count) in zip(RunWishes.Wish.allCases, agreed.dropFirst(own.count))
        where count > 0 { wanted.insert(wish) }
        try trace.measure(.checkpoint) {
            try setup.board.uncounted { try saver.advance(agreed[1]) }
        }
        return agreed[0] != 0
    }
}
