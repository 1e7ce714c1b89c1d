import Diagnostics
import Objectives
import Options

/// How a model learns from answers that it gives itself, with `finetune.task: policy`.
package struct PolicyOptions: OptionBlock {
    /// How answers are compared: grpo, or rloo, each with the others to its prompt; or ppo, with what a value
    /// head expects; usual grpo.
    package var algorithm = PolicySettings.Algorithm.grpo
    /// How the losses of tokens become one, with grpo; usual dapo.
    package var aggregation = PolicySettings.Aggregation.dapo
    /// Answers to each prompt; usual 4 to 16, with ppo from 1.
    package var groupSize = 8
    /// Tokens of an answer at most.
    package var maximumNewTokens = 256
    /// Divides the logits with which answers are drawn and learnt; usual 0.7 to 1.
    package var temperature = 1.0
    /// How far below 1 the ratio of probabilities counts for answers that are to become rarer; usual 0.2.
    package var clipLow = 0.2
    /// How far above 1 it counts for answers that are to become more frequent; usual 0.2 to 0.28.
    package var clipHigh = 0.2
    /// How much the divergence from the model that training starts with counts, in the loss of grpo and in
    /// the reward of rloo and ppo; usual 0 to 0.05.
    package var kl = 0.0
    /// With ppo, how much a reward counts a token earlier; usual 1.
    package var gamma = 1.0
    /// How far advantages of ppo look at rewards (1) or at the next value alone (0); usual 0.95 to 1.
    package var lambda = 0.95
    /// How much the loss of the values of ppo counts; usual 0.1 to 1.
    package var valueWeight = 0.1
    /// How far a value may move from that which it had when the answer was drawn; usual 0.2.
    package var valueClip = 0.2
    /// The steps that learn from the same answers; usual 1 to 4.
    package var updates = 1
    /// A file of answers with their rewards, as RUN/rollouts keeps them, that are learnt from in the place of
    /// new ones.
    package var rollouts: String?
    /// What answers are rewarded for; their weighted sum counts.
    package var rewards: [RewardRule] = []
    /// Where the run stops before its end.
    package var stop = PolicyStopOptions()

    package init() {}

    package static var fields: [OptionField<PolicyOptions>] {
        [
            OptionField("algorithm", \.algorithm, .decidesWeights).addedLater,
            OptionField("aggregation", \.aggregation, .decidesWeights).addedLater
                .when(.key("algorithm", is: "grpo")),
            OptionField("group_size", \.groupSize, .atLeast(1), .decidesWeights).addedLater,
            OptionField("maximum_new_tokens", \.maximumNewTokens, .atLeast(1), .decidesWeights)
                .addedLater,
            OptionField("temperature", \.temperature, .aboveZero, .decidesWeights).addedLater,
            OptionField("clip_low", \.clipLow, .aboveZeroToOne, .decidesWeights).addedLater,
            OptionField("clip_high", \.clipHigh, .aboveZero, .decidesWeights).addedLater,
            OptionField("kl", \.kl, .atLeast(0), .decidesWeights).addedLater,
            OptionField("gamma", \.gamma, .aboveZeroToOne, .decidesWeights).addedLater
                .when(.key("algorithm", is: "ppo")),
            OptionField("lambda", \.lambda, .aboveZeroToOne, .decidesWeights).addedLater
                .when(.key("algorithm", is: "ppo")),
            OptionField("value_weight", \.valueWeight, .aboveZero, .decidesWeights).addedLater
                .when(.key("algorithm", is: "ppo")),
            OptionField("value_clip", \.valueClip, .aboveZero, .decidesWeights).addedLater
                .when(.key("algorithm", is: "ppo")),
            OptionField("updates", \.updates, .atLeast(1), .decidesWeights).addedLater,
            OptionField("rollouts", \.rollouts, .decidesWeights).naming(.input).addedLater,
            OptionField("rewards", \.rewards, .decidesWeights).naming(.inputOrName).addedLater,
        ]
    }

    package var settings: PolicySettings {
        var settings = PolicySettings()
        (settings.algorithm, settings.aggregation) = (algorithm, aggregation)
        (settings.groupSize, settings.maximumTokens) = (groupSize, maximumNewTokens)
        (settings.clipLow, settings.clipHigh) = (clipLow, clipHigh)
        (settings.temperature, settings.divergenceWeight) = (temperature, kl)
        (settings.gamma, settings.lambda) = (gamma, lambda)
        (settings.valueWeight, settings.valueClip) = (valueWeight, valueClip)
        (settings.mostDivergence, settings.mostLength) = (stop.kl, stop.length)
        return settings
    }

    /// The files that are read.
    package var inputs: [String] { (rollouts.map { [$0] } ?? []) + rewards.compactMap(\.file) }

    /// - Throws: a usage `Failure` for keys that do not fit each other, or the rest.
    package func validate(globalBatchSize: Int) throws {
        guard globalBatchSize.isMultiple(of: groupSize) else {
            throw Failure(
                FailureText("\(key: "finetune.train.global_batch_size") holds no whole groups"),
                expected:
                    "a multiple of finetune.policy.group_size, \(groupSize): it counts answers",
                got: "\(globalBatchSize)", remedy: "change one of them", kind: .usage)
        }
        guard groupSize > 1 || settings.learnsValues else {
            throw Failure(
                FailureText("\(key: "finetune.policy.group_size") is too small"),
                expected: "at least 2: answers are compared with others to their prompt",
                got: "\(groupSize)",
                remedy: FailureText(
                    "raise it, or use \(key: "finetune.policy.algorithm")=ppo"), kind: .usage)
        }
        guard !rewards.isEmpty || rollouts != nil else {
            throw Failure(
                FailureText("\(key: "finetune.policy.rewards") is missing"),
                expected: RewardRule.expectation, got: "none",
                remedy: "say what answers are rewarded for", kind: .usage)
        }
    }
}

/// Where a training on its own answers stops before its end, because it has left what it began with.
package struct PolicyStopOptions: OptionBlock {
    /// The divergence from the model that training starts with at which the run stops, in nats a token;
    /// usual 0.5 to 5.
    package var kl: Double?
    /// The average length of the answers of a step at which the run stops, in tokens.
    package var length: Double?

    package init() {}

    package static var fields: [OptionField<PolicyStopOptions>] {
        [
            OptionField("kl", \.kl, .aboveZero, .decidesWeights).addedLater,
            OptionField("length", \.length, .aboveZero, .decidesWeights).addedLater,
        ]
    }
}
