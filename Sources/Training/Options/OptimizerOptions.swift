import Diagnostics
import Options

/// AdamW (Loshchilov and Hutter, 2019) and its learning rate.
package struct OptimizerOptions: OptionBlock {
    /// The course of the learning rate after the warm-up.
    package enum Schedule: String, OptionChoice {
        /// Half a cosine down to the minimum.
        case cosine
        /// A straight line down to the minimum.
        case linear
        /// No change.
        case constant
        /// Warm-up, stable, decay: constant, then down to the minimum in the last part.
        case wsd
    }

    /// Peak learning rate; usual 3e-4 to 1e-3, less for larger models.
    package var learningRate = 6e-4
    /// Learning rate to which the schedule falls, right after the last step; usual 0 to a tenth of
    /// the peak.
    package var minimumLearningRate = 0.0
    /// Steps in which the learning rate rises from 0 to its peak; usual 1 % of all steps.
    package var warmupSteps = 0
    /// The course of the learning rate after the warm-up; usual cosine.
    package var schedule = Schedule.cosine
    /// Decay of the mean of the gradients; usual 0.9.
    package var beta1 = 0.9
    /// Decay of the mean of their squares; usual 0.95 to 0.999.
    package var beta2 = 0.95
    /// Added to the root of that mean; usual 1e-8.
    package var epsilon = 1e-8
    /// Share of a weight taken off a step, times the learning rate; usual 0.1.
    package var weightDecay = 0.1
    /// Norm to which larger gradients are scaled; 0 never scales, and then each bucket may be updated and
    /// freed once it is reduced, see `TrainingSize.gradientRing`; usual 1.
    package var maximumGradientNorm = 1.0

    /// Factors of the learning rate by patterns of names, such as "*.wte.weight=0.1"; the last that
    /// fits counts; usual none.
    package var learningRateFactors: [String] = []

    package init() {}

    package static var fields: [OptionField<OptimizerOptions>] {
        [
            OptionField("learning_rate", \.learningRate, .aboveZero, .decidesWeights),
            OptionField(
                "minimum_learning_rate", \.minimumLearningRate, .atLeast(0), .decidesWeights
            )
            .when(.key("schedule", isNot: "constant")),
            OptionField("warmup_steps", \.warmupSteps, .atLeast(0), .decidesWeights),
            OptionField("schedule", \.schedule, .decidesWeights),
            OptionField("beta1", \.beta1, .fromZeroBelowOne, .decidesWeights),
            OptionField("beta2", \.beta2, .fromZeroBelowOne, .decidesWeights),
            OptionField("epsilon", \.epsilon, .aboveZero, .decidesWeights),
            OptionField("weight_decay", \.weightDecay, .atLeast(0), .decidesWeights),
            OptionField(
                "maximum_gradient_norm", \.maximumGradientNorm, .atLeast(0), .decidesWeights),
            OptionField("learning_rate_factors", \.learningRateFactors, .decidesWeights),
        ]
    }

    /// Throws a usage `Failure` where two keys contradict each other.
    package func validate() throws {
        guard minimumLearningRate <= learningRate else {
            throw Failure(
                FailureText("\(key: "optimizer.minimum_learning_rate")"),
                expected: FailureText("at most \(key: "optimizer.learning_rate") \(learningRate)"),
                got: "\(minimumLearningRate)", remedy: "lower the minimum or raise the peak",
                kind: .usage)
        }
        for text in learningRateFactors { _ = try LearningRateFactor(text) }
    }

    /// Throws a usage `Failure` where the warm-up is longer than the run, whichever of its keys gives its
    /// length.
    package func validate(stepCount: Int, of train: TrainOptions) throws {
        guard warmupSteps > stepCount else { return }
        let length = train.length
        let key = length.steps != nil ? "steps" : length.tokens != nil ? "tokens" : "epochs"
        let isCounted = length.steps == nil
        throw Failure(
            FailureText("\(key: "optimizer.warmup_steps") is larger than \(key: "train.\(key)")")
                + (isCounted ? ", which is \(Quantity.count(stepCount, "step"))" : ""),
            expected: "at most \(stepCount)", got: "\(warmupSteps)",
            remedy: "lower the one or raise the other", kind: .usage)
    }

    /// Fits the warm-up that was meant for `old` steps to a run of `new` steps, where it is longer.
    ///
    /// - Returns: whether it was.
    package mutating func shortenWarmup(from old: Int, to new: Int) -> Bool {
        guard warmupSteps > new else { return false }
        let share = min(1, Double(warmupSteps) / Double(max(1, old)))
        warmupSteps = min(new, Int((share * Double(new)).rounded()))
        return true
    }
}
