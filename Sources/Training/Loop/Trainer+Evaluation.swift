import Diagnostics
import Evaluation

extension Trainer {
    /// - Returns: whether the loss is the lowest so far.
    func validate() throws -> Bool {
        if let experience = setup.experience, let isBest = try validate(experience) {
            return isBest
        }
        guard let validation = setup.validation else { return false }
        return try trace.measure(.validation) {
            // A rank may have nothing to score, and others wait for what it brings to its node.
            try setup.optimizer.completeParameters()
            return try onCommonWeights { try validate(validation) }
        }
    }

    /// - Returns: nil where the experience measures nothing.
    private func validate(_ experience: any Experience) throws -> Bool? {
        try trace.measure(.validation) {
            try setup.optimizer.completeParameters()
            guard let found = try experience.validate(step: state.step, over: setup.communicator)
            else { return nil }
            state.validationLoss = found.loss
            try journal?.validation(found.loss, found.measures, step: state.step)
            return isPlanned ? state.note(validationLoss: found.loss) : false
        }
    }

    func evaluateTasks() throws {
        guard let tasks = setup.tasks else { return }
        try trace.measure(.tasks) {
            try setup.optimizer.completeParameters()
            let report = try onCommonWeights {
                try tasks.report(of: setup.model, over: setup.communicator)
            }
            try journal?.tasks(report, step: state.step)
        }
    }

    /// The first rank writes while the others wait: a sample that fails ends no training.
    func write(_ samples: TrainingSamples) throws {
        try trace.measure(.samples) {
            try setup.optimizer.completeParameters()
            try onCommonWeights {
                try setup.communicator.agree {
                    guard setup.communicator.rank == 0 else { return }
                    do {
                        let text = try samples.write(setup.model, state.step)
                        setup.logger.info("step \(state.step)  \(text)")
                    } catch let failure as Failure {
                        setup.logger.warning("no sample of the model: \(failure.line)")
                    }
                }
            }
        }
    }

    private func validate(_ validation: ValidationLoss) throws -> Bool {
        let objective = setup.objective
        let sums = try validation.sums(of: objective, over: setup.communicator)
        let loss = ValidationLoss.Total(loss: sums[0], weight: sums[1]).average
        state.validationLoss = loss
        try journal?.validation(
            loss, objective.measures(Array(sums[2...]), progress), step: state.step)
        return isPlanned ? state.note(validationLoss: loss) : false
    }

    /// Whether the run would validate here without a stop, too: what else is validated must not change
    /// what comes after.
    private var isPlanned: Bool {
        let everySteps = setup.evaluation.everySteps
        return state.step == setup.stepCount
            || everySteps > 0 && state.step.isMultiple(of: everySteps)
    }
}
