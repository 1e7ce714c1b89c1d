import Datasets
import Tensors

/// Computes steps of a run again, as `Trainer` did, and writes nothing.
package final class StepReplay {
    private let setup: TrainerSetup
    private let gradientStep: GradientStep
    private let schedule: LearningRateSchedule
    private let clipping: GradientClipping
    private var state: TrainerState

    /// - Parameter state: where model and optimizer of `setup` stand.
    package init(_ setup: TrainerSetup, state: TrainerState) throws {
        self.setup = setup
        self.state = state
        gradientStep = try GradientStep(setup, laneCount: state.laneCount)
        schedule = LearningRateSchedule(setup.optimizerOptions, stepCount: setup.stepCount)
        clipping = GradientClipping(maximumNorm: setup.optimizerOptions.maximumGradientNorm)
    }

    /// Carries out the steps before `step` (counted from 1), then computes that one without updating.
    ///
    /// - Precondition: `step` is later than the state. Collective.
    package func compute(step: Int) throws -> ReplayedStep {
        precondition(step > state.step, "step \(step) comes before the state's, \(state.step)")
        while state.step < step - 1 {
            let gradient = try computeGradient()
            if gradient.isFinite {
                try setup.optimizer.update(
                    gradient.values, learningRate: schedule.value(at: state.step),
                    gradientScale: clipping.scale(norm: gradient.norm) * gradient.averaging,
                    over: setup.communicator)
            }
            state.step += 1
        }
        let gradient = try computeGradient()
        return ReplayedStep(
            step: step, loss: gradient.loss, gradientNorm: gradient.norm,
            learningRate: schedule.value(at: state.step), layers: layers(gradient),
            sequences: gradientStep.sequences)
    }

    private func computeGradient() throws -> StepGradient {
        var clock = StepClock()
        let batch = try setup.source.batch(step: state.step, sequences: gradientStep.sequences)
        return try gradientStep.compute(batch, step: state.step, &clock)
    }

    private func layers(_ gradient: StepGradient) -> [ReplayedStep.Layer] {
        var layers: [ReplayedStep.Layer] = []
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
