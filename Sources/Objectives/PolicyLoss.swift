import Foundation
import Options

/// The numbers of policy optimisation: learning from answers that the model gave itself, each with a reward.
///
/// Of an answer, r is its reward, A its advantage over the other answers to the same prompt, and rho the
/// ratio of the probability that the model gives it to that which it had when the answer was sampled.
package struct PolicySettings: Equatable, Sendable {
    package enum Algorithm: String, OptionChoice {
        /// A = (r - mean) / (deviation + 1e-4) in the group, and a ratio for each token: GRPO (Shao et al., 2024).
        case grpo
        /// A = r - mean of the others of the group, and a ratio for each answer: RLOO (Ahmadian et al.,
        /// 2024).
        case rloo
        /// An advantage for each token, by a value head that is trained beside the policy, and a ratio for
        /// each token: PPO (Schulman et al., 2017).
        case ppo
    }

    /// How the losses of tokens become one loss, with grpo.
    package enum Aggregation: String, OptionChoice {
        /// The average over all tokens of the batch (Yu et al., 2025).
        case dapo
        /// The sum over all tokens, by the number of answers times the most tokens of one (Liu et al., 2025).
        case drGRPO = "dr_grpo"
        /// The average over all tokens of a micro-batch, averaged over those.
        case bnpo
        /// The average over the tokens of an answer, averaged over answers: that of the first paper.
        case grpo
    }

    package var algorithm = Algorithm.grpo
    package var aggregation = Aggregation.dapo
    /// Answers to each prompt.
    package var groupSize = 8
    /// Tokens of an answer at most.
    package var maximumTokens = 256
    package var temperature = 1.0
    /// rho counts from 1 - this on where A is below 0, and up to 1 + this where it is above.
    package var clipLow = 0.2
    package var clipHigh = 0.2
    /// How much the divergence from the reference counts.
    package var divergenceWeight = 0.0
    /// With ppo, how much a reward counts for the tokens before it: gamma for each of them.
    package var gamma = 1.0
    /// How far advantages look at rewards rather than values: lambda for each token.
    package var lambda = 0.95
    /// How much the loss of values counts beside that of the policy.
    package var valueWeight = 0.1
    /// How far a value may move from that which it had when the answer was sampled.
    package var valueClip = 0.2
    /// Where a run stops: the divergence from the reference, in nats a token, and the average length of
    /// answers in tokens; nil for never.
    package var mostDivergence: Double?
    package var mostLength: Double?

    package init() {}

    /// Whether the model is compared with the one that training starts with.
    package var needsReference: Bool { divergenceWeight > 0 || mostDivergence != nil }

    /// Whether a value head is trained beside the policy.
    package var learnsValues: Bool { algorithm == .ppo }

    /// -min(rho A, clip(rho) A), its derivative by the logarithm of rho, and which bound holds it.
    package func clippedLoss(logRatio: Double, advantage: Double) -> ClippedLoss {
        let ratio = exp(logRatio)
        let (low, high) = (1 - clipLow, 1 + clipHigh)
        let isLow = ratio < low && advantage < 0
        let isHigh = ratio > high && advantage > 0
        if isLow || isHigh {
            return ClippedLoss(
                value: -(isLow ? low : high) * advantage, slope: 0, isLow: isLow, isHigh: isHigh)
        }
        return ClippedLoss(value: -ratio * advantage, slope: -ratio * advantage)
    }

    /// max((v - R)^2, (clip(v) - R)^2) / 2 of a value v and the return R, and its derivative by v, where
    /// clip holds v to `valueClip` around `sampled`.
    package func valueLoss(
        _ value: Double, sampled: Double, return wanted: Double
    ) -> (value: Double, slope: Double, isClipped: Bool) {
        let held = min(max(value, sampled - valueClip), sampled + valueClip)
        let (free, bound) = (value - wanted, held - wanted)
        let isClipped = bound * bound > free * free
        return isClipped
            ? (bound * bound / 2, 0, true) : (free * free / 2, free, false)
    }
}

/// A loss and its derivative.
package struct ClippedLoss: Equatable, Sendable {
    package var value: Double
    package var slope: Double
    /// Whether the lower, or the upper, bound of the ratio has taken its gradient away.
    package var isLow = false
    package var isHigh = false
}

/// The advantages of the answers to one prompt.
package struct GroupAdvantages: Equatable, Sendable {
    /// One for each answer; 0 where it has no reward.
    package let values: [Double]
    /// The average of the rewards, and their deviation (of a sample); nil where none is known.
    package let mean: Double?
    package let deviation: Double?

    /// Added to the deviation, so that it may be 0.
    private static let epsilon = 1e-4
    /// Deviations that are taken for 0, as `torch.isclose` has it.
    private static let smallest = 1e-8

    /// - Parameter rewards: nil of an answer that cannot be judged.
    package init(_ rewards: [Double?], _ algorithm: PolicySettings.Algorithm) {
        let known = rewards.compactMap { $0 }
        let count = Double(known.count)
        let sum = known.reduce(0, +)
        guard known.count > 1 else {
            (mean, deviation) = (known.first, known.isEmpty ? nil : 0)
            values = rewards.map { _ in 0 }
            return
        }
        let mean = sum / count
        let squares = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = (squares / (count - 1)).squareRoot()
        (self.mean, self.deviation) = (mean, deviation)
        let isFlat = deviation <= Self.smallest
        values = rewards.map { reward in
            guard let reward, !isFlat else { return 0 }
            return algorithm == .rloo
                ? reward - (sum - reward) / (count - 1)
                : (reward - mean) / (deviation + Self.epsilon)
        }
    }

    /// Whether nothing can be learnt from the group: no answer is better than another.
    package var isFlat: Bool { values.allSatisfy { $0 == 0 } }
}
