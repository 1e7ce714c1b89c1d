import Datasets
import Tensors

/// Computes steps of a run again, as `Trainer` did, and writes nothing.
package final class Replay {
    private let setup: TrainerSetup
    private let schedules: ScheduleHistory
    private let clipping: GradientClipping
    private var gradientStep: GradientComputation
    private var state: TrainerState
    /// Whether nothing can be learnt from the batch at hand.
    private var isIdle = false

    /// - Parameters:
    ///   - state: where model and optimizer of `setup` are.
    ///   - schedules: those of the run; without any, they follow from its recipe and state.
    package init(
        _ setup: TrainerSetup, state: TrainerState, schedules: ScheduleHistory = ScheduleHistory()
    ) throws {
        self.setup = setup
        self.state = state
        let current = ScheduleHistory.Entry(
            firstStep: 0, stepCount: setup.stepCount, laneCount: state.laneCount,
            optimizer: setup.optimizerOptions)
        self.schedules = schedules.entries.isEmpty ? ScheduleHistory([current]) : schedules
        gradientStep = try GradientComputation(setup, laneCount: state.laneCount)
        clipping = GradientClipping(maximumNorm: setup.optimizerOptions.maximumGradientNorm)
    }

    /// Carries out the steps before `step` (counted from 1), then computes that one without updating.
    ///
    /// - Parameter listsSequences: whether the loss of each sequence is told, which is another forward
    ///   pass.
    /// - Precondition: `step` is later than the state. Collective.
    package func compute(step: Int, listsSequences: Bool = false) throws -> ReplayResult {
        precondition(step > state.step, "step \(step) comes before the state's, \(state.step)")
        while state.step < step - 1 {
            let gradient = try computeGradient()
            if gradient.isFinite {
                try setup.optimizer.update(
                    gradient.values, learningRate: learningRate,
                    gradientScale: clipping.scale(norm: gradient.norm) * gradient.averaging,
                    over: setup.communicator)
            }
            state.step += 1
        }
        // Where no memory keeps the gradient, it is taken up by the weights as it comes.
        let losses = listsSequences ? try computeLosses() : []
        let gradient = try computeGradient()
        try setup.optimizer.completeParameters()
        return ReplayResult(
            step: step, loss: gradient.loss, gradientNorm: gradient.norm,
            learningRate: learningRate, layers: layers(gradient),
            sequences: gradientStep.sequences, losses: losses)
    }

    /// The learning rate of the step that comes next, in the schedule which it had.
    private var learningRate: Double {
        isIdle ? 0 : schedules.entry(ofStep: state.step)?.schedule.value(at: state.step) ?? 0
    }

    private func computeGradient() throws -> BatchGradient {
        // Before the computation is named: it may become that of other lanes.
        let batch = try nextBatch()
        var clock = LapClock()
        return try gradientStep.compute(
            batch, step: state.step, learningRate: learningRate, &clock)
    }

    private func computeLosses() throws -> [ReplayResult.SequenceLoss] {
        let batch = try nextBatch()
        return try gradientStep.sequenceLosses(batch, step: state.step)
    }

    /// The batch of the step that comes next, for the lanes which it had.
    private func nextBatch() throws -> TokenBatch {
        let laneCount = schedules.entry(ofStep: state.step)?.laneCount ?? state.laneCount
        if laneCount != state.laneCount {
            state.laneCount = laneCount
            gradientStep = try GradientComputation(setup, laneCount: laneCount)
        }
        return try batch()
    }

    private func batch() throws -> TokenBatch {
        guard let experience = setup.experience else {
            return try setup.source.batch(step: state.step, sequences: gradientStep.sequences)
        }
        try setup.optimizer.completeParameters()
        let made = try experience.batch(
            step: state.step, sequences: gradientStep.sequences, over: setup.communicator)
        isIdle = made.isIdle
        return made.batch
    }

    private func layers(_ gradient: BatchGradient) -> [ReplayResult.Layer] {
        var layers: [ReplayResult.Layer] = []
        let list = setup.objective.parameters
        for parameter in list.trained {
            let name = Self.layerName(of: parameter.name)
            if layers.last?.name != name { layers.append(.init(name: name)) }
            layers[layers.count - 1].add(
                gradient: gradient.values.buffer[parameter.range], scale: gradient.averaging,
                weights: list.values.buffer[parameter.range])
        }
        return layers
    }

    /// The name up to the number of the block; outside the blocks all but the last part.
    static func layerName(of parameter: String) -> String {
        let parts = parameter.split(separator: ".")
        let end = parts.firstIndex { Int($0) != nil }.map { $0 + 1 } ?? max(1, parts.count - 1)
        return parts[..<end].joined(separator: ".")
    }
}
