import Diagnostics
import Options

/// The rule by which weights are updated (see `AdamW`, `Muon`, `ScheduleFree`), and its learning rate.
package struct OptimizerOptions: OptionBlock {
    /// The rule.
    package enum Kind: String, OptionChoice {
        /// Loshchilov and Hutter, 2019.
        case adamw
        /// Jordan et al., 2024, for the matrices of blocks; AdamW for the other weights.
        case muon
        /// Defazio et al., 2024: AdamW that evaluates and saves an average, without a schedule.
        case scheduleFree = "schedule_free"
    }

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

    /// The rule by which weights are updated; usual adamw.
    package var kind = Kind.adamw
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
    /// Peak learning rate of the matrices of Muon, which takes the course of the other; usual 0.02.
    package var matrixLearningRate = 0.02
    /// Decay of the mean of the gradients of the matrices of Muon; usual 0.95.
    package var momentum = 0.95
    /// Norm to which larger gradients are scaled; 0 never scales, and then each bucket may be updated and
    /// freed once it is reduced, see `TrainingSize.gradientRing`; usual 1.
    package var maximumGradientNorm = 1.0

    /// Factors of the learning rate by patterns of names, such as "*.wte.weight=0.1"; the last that
    /// fits counts; usual none.
    package var learningRateFactors: [String] = []

    package init() {}

    package static var fields: [OptionField<OptimizerOptions>] {
        [
            OptionField("kind", \.kind, .decidesWeights).addedLater,
            OptionField("learning_rate", \.learningRate, .aboveZero, .decidesWeights),
            OptionField(
                "minimum_learning_rate", \.minimumLearningRate, .atLeast(0), .decidesWeights
            )
            .when(.key("schedule", isNot: "constant"), .key("kind", isNot: "schedule_free")),
            OptionField("warmup_steps", \.warmupSteps, .atLeast(0), .decidesWeights),
            OptionField("schedule", \.schedule, .decidesWeights)
                .when(.key("kind", isNot: "schedule_free")),
            OptionField("beta1", \.beta1, .fromZeroBelowOne, .decidesWeights),
            OptionField("beta2", \.beta2, .fromZeroBelowOne, .decidesWeights),
            OptionField("epsilon", \.epsilon, .aboveZero, .decidesWeights),
            OptionField("weight_decay", \.weightDecay, .atLeast(0), .decidesWeights),
            OptionField(
                "matrix_learning_rate", \.matrixLearningRate, .aboveZero, .decidesWeights
            )
            .addedLater.when(.key("kind", is: "muon")),
            OptionField("momentum", \.momentum, .fromZeroBelowOne, .decidesWeights)
                .addedLater.when(.key("kind", is: "muon")),
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

    /// The course of the learning rate after the warm-up, as the rule takes it.
    package var course: Schedule { kind == .scheduleFree ? .constant : schedule }

    /// Throws a usage `Failure` where the rule does not fit islands.
    package func validate(islands: Int) throws {
        guard islands > 1, kind == .scheduleFree else { return }
        throw Failure(
            FailureText(
                "\(key: "optimizer.kind") schedule_free keeps an average that islands would not share"
            ),
            expected: "adamw or muon with \(islands) islands", got: kind.rawValue,
            remedy: FailureText("choose one of them, or \(key: "train.islands")=1"), kind: .usage)
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
