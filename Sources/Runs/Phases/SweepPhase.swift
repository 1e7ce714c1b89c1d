import Collectives
import Diagnostics
import Evaluation
import Foundation
import Monitoring
import Training

/// `find-learning-rate`: some steps of a recipe's training with growing learning rates. Collective; nothing
/// of a run is written.
package struct SweepPhase {
    package let communicator: any Communicator
    /// The rates of the first and of the last step; between them each is as many times the one before.
    package let rates: ClosedRange<Double>
    package let stepCount: Int

    package init(
        communicator: any Communicator, rates: ClosedRange<Double>, stepCount: Int
    ) {
        (self.communicator, self.rates, self.stepCount) = (communicator, rates, stepCount)
    }

    /// The rate of a step, from 0.
    package func rate(ofStep step: Int) -> Double {
        let share = Double(step) / Double(max(1, stepCount - 1))
        return rates.lowerBound * pow(rates.upperBound / rates.lowerBound, share)
    }

    /// - Parameter isFineTuning: whether the fine-tuning of the recipe is swept, not its pretraining.
    /// - Throws: `AgreedFailure` for a training that cannot be made.
    package func run(_ recipe: Recipe, isFineTuning: Bool) throws -> LearningRateSweep {
        let own = try communicator.agree {
            try shortened(isFineTuning ? recipe.fineTuning() : recipe)
        }
        let compute = try ComputeResources.agree(
            threadsPerRank: own.train.threadsPerRank,
            mayOversubscribe: own.train.oversubscribe, over: communicator)
        let phase = TrainingPhase(
            isResuming: false, compute: compute, communicator: communicator)
        let streams =
            try isFineTuning ? nil : DataStreams.gathered(own.data, over: communicator)
        let opened: any TrainingTask = try communicator.agree {
            isFineTuning
                ? try FineTunePhase.task(own) : try PretrainingTask(own.training, streams)
        }
        try communicator.agree { try refuseUntold(own, isFineTuning) }
        try communicator.agree { try opened.inputs }.requireEqual(over: communicator)
        let settled = try phase.settleAlike(own, opened, RunStart())
        let logger = try RunLog.logger(rank: 1)
        let task = try phase.prepare(opened, settled, RunStart(), logger)
        var setup = try phase.makeSetup(settled, task, metrics: nil, .never, logger)
        let state = try phase.load(&setup, RunStart(), settled)
        let sweep = try sweep(try Trainer(setup, state: state))
        try setup.optimizer.completeParameters()
        try setup.memory?.shared.release()
        return sweep
    }

    /// Refuses a training whose loss tells of no rate: that of answers which are rewarded is about 0.
    private func refuseUntold(_ recipe: Recipe, _ isFineTuning: Bool) throws {
        guard isFineTuning, recipe.finetune.task == .policy else { return }
        throw Failure(
            FailureText("\(key: "finetune.task") policy has no loss that falls"),
            expected: "a training on texts", got: recipe.finetune.task.rawValue,
            remedy: "begin with 1e-6 for all weights, 2e-5 for adapters, and look at the reward",
            kind: .usage)
    }

    /// The losses are the same on all ranks, which so end with the same step.
    private func sweep(_ trainer: Trainer) throws -> LearningRateSweep {
        var sweep = LearningRateSweep()
        for step in 0..<stepCount {
            let rate = rate(ofStep: step)
            let loss = try trainer.advance(learningRate: rate).gradient.loss
            guard sweep.add(.init(learningRate: rate, loss: loss)) else { break }
        }
        return sweep
    }

    /// The recipe with as many steps as the sweep has, and without what a run does beside them.
    private func shortened(_ recipe: Recipe) -> Recipe {
        var recipe = recipe
        recipe.train.steps = stepCount
        (recipe.train.tokens, recipe.train.epochs) = (nil, nil)
        (recipe.train.stopAfterSteps, recipe.train.maximumSeconds) = (nil, nil)
        recipe.train.islands = 1
        recipe.train.profileSteps = 0
        recipe.train.replacedLength = nil
        recipe.optimizer.warmupSteps = 0
        recipe.evaluate.everySteps = 0
        recipe.evaluate.tasks = []
        recipe.evaluate.patience = nil
        recipe.checkpoint.keepBest = false
        return recipe
    }
}
