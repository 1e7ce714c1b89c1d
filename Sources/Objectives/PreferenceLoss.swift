import Foundation

/// The losses of preference tuning.
///
/// Of a pair, w is the better answer and l the worse one; logp is the sum of the log-probabilities of an
/// answer's tokens, |y| their number, r = logp - logp of the reference, d = r_w - r_l, s the logistic
/// function, e the label smoothing.
package enum PreferenceLoss: String, CaseIterable, Sendable {
    /// -(1 - e) log s(beta d) - e log s(-beta d): DPO (Rafailov et al., 2023), with smoothing cDPO.
    case sigmoid
    /// As sigmoid, of averages over tokens: d = r_w / |y_w| - r_l / |y_l|.
    case sigmoidNormalized = "sigmoid_norm"
    /// max(0, 1 - beta d): SLiC (Zhao et al., 2023).
    case hinge
    /// (r_w / |y_w| - r_l / |y_l| - 1 / (2 beta))^2: IPO (Azar et al., 2023).
    case ipo
    /// (-(1 - e) log s(beta d) + e log s(-beta d)) / (1 - 2 e): robust DPO (Chowdhury et al., 2024).
    case robust
    /// 1 - s(beta r_w) + s(beta r_l): APO zero (D'Oosterlinck et al., 2024).
    case apoZero = "apo_zero"
    /// Of single answers: 1 - s(beta (r - kl)) of a good one, 1 - s(beta (kl - r)) of a bad one: KTO
    /// (Ethayarajh et al., 2024). kl is the average of r over answers to other prompts, at least 0.
    case kto
    /// -beta log s(log odds ratio) of averages over tokens, and the cross-entropy of prompt and better
    /// answer: ORPO (Hong et al., 2024).
    case orpo
    /// As sigmoid, of beta (logp_w / |y_w| - logp_l / |y_l|) - gamma: SimPO (Meng et al., 2024).
    case simpo
    /// As sigmoid, of beta (logp_w - logp_l), and the cross-entropy of the better answer: CPO (Xu et al.,
    /// 2024).
    case cpo
    /// The cross-entropy of the better answer.
    case sft

    /// Whether the loss compares the model with a reference.
    package var needsReference: Bool {
        switch self {
        case .sigmoid, .sigmoidNormalized, .hinge, .ipo, .robust, .apoZero, .kto: true
        case .orpo, .simpo, .cpo, .sft: false
        }
    }

    /// The tokens whose cross-entropy is part of the loss.
    package enum CrossEntropy: Sendable {
        case none
        case answer
        case promptAndAnswer
    }

    package var crossEntropy: CrossEntropy {
        switch self {
        case .cpo, .sft: .answer
        case .orpo: .promptAndAnswer
        default: .none
        }
    }
}

/// The sums of the log-probabilities of the answers of a pair.
package struct PairLikelihoods: Equatable, Sendable {
    package var chosen: Double
    package var rejected: Double
    /// Tokens of the answers.
    package var chosenCount: Int
    package var rejectedCount: Int
    /// Of the reference; 0 where none is needed.
    package var chosenReference = 0.0
    package var rejectedReference = 0.0

    package init(chosen: Double, rejected: Double, chosenCount: Int, rejectedCount: Int) {
        (self.chosen, self.rejected) = (chosen, rejected)
        (self.chosenCount, self.rejectedCount) = (chosenCount, rejectedCount)
    }

    /// r_w and r_l.
    var chosenRatio: Double { chosen - chosenReference }
    var rejectedRatio: Double { rejected - rejectedReference }
    /// The averages over tokens.
    var chosenAverage: Double { chosen / Double(chosenCount) }
    var rejectedAverage: Double { rejected / Double(rejectedCount) }
    /// The difference of the ratios, of averages over tokens.
    var averageDifference: Double {
        chosenRatio / Double(chosenCount) - rejectedRatio / Double(rejectedCount)
    }
    /// The logarithm of the ratio of the odds of the averages.
    var logOddsRatio: Double {
        chosenAverage - rejectedAverage - (log1mexp(chosenAverage) - log1mexp(rejectedAverage))
    }
}

/// A loss and its derivatives by the two sums of log-probabilities.
package struct PairLoss: Equatable, Sendable {
    package var value = 0.0
    package var byChosen = 0.0
    package var byRejected = 0.0

    package init(_ value: Double = 0, byChosen: Double = 0, byRejected: Double = 0) {
        (self.value, self.byChosen, self.byRejected) = (value, byChosen, byRejected)
    }
}

/// The numbers of preference losses.
package struct PreferenceSettings: Equatable, Sendable {
    /// How much each loss counts.
    package var weights: [PreferenceLoss: Double] = [.sigmoid: 1]
    package var beta = 0.1
    package var smoothing = 0.0
    /// The margin of SimPO.
    package var gamma = 0.5

    package init() {}

    package var needsReference: Bool { weights.keys.contains(where: \.needsReference) }
    /// Whether single answers are learnt from, instead of pairs.
    package var learnsFromLabels: Bool { weights[.kto] != nil }

    /// The losses in a fixed order.
    var ordered: [(loss: PreferenceLoss, weight: Double)] {
        PreferenceLoss.allCases.compactMap { loss in weights[loss].map { (loss, $0) } }
    }

    /// How much the cross-entropy of some tokens counts.
    func weight(of part: PreferenceLoss.CrossEntropy) -> Double {
        ordered.reduce(0) { $0 + ($1.loss.crossEntropy == part ? $1.weight : 0) }
    }

    /// The weighted sum of the losses of a pair, but for cross-entropies.
    package func loss(of pair: PairLikelihoods) -> PairLoss {
        ordered.reduce(into: PairLoss()) { sum, entry in
            let own = loss(entry.loss, of: pair)
            sum.value += entry.weight * own.value
            sum.byChosen += entry.weight * own.byChosen
            sum.byRejected += entry.weight * own.byRejected
        }
    }

    private func loss(_ loss: PreferenceLoss, of pair: PairLikelihoods) -> PairLoss {
        let (chosenShare, rejectedShare) = (
            1 / Double(pair.chosenCount), 1 / Double(pair.rejectedCount)
        )
        let difference = pair.chosenRatio - pair.rejectedRatio
        func both(_ outer: (value: Double, slope: Double), _ factor: Double) -> PairLoss {
            PairLoss(
                outer.value, byChosen: factor * outer.slope, byRejected: -factor * outer.slope)
        }
        func averaged(_ outer: (value: Double, slope: Double), _ factor: Double) -> PairLoss {
            PairLoss(
                outer.value, byChosen: factor * outer.slope * chosenShare,
                byRejected: -factor * outer.slope * rejectedShare)
        }
        switch loss {
        case .sigmoid: return both(smoothed(beta * difference), beta)
        case .sigmoidNormalized: return averaged(smoothed(beta * pair.averageDifference), beta)
        case .hinge:
            let room = 1 - beta * difference
            return both((max(0, room), room > 0 ? -1 : 0), beta)
        case .ipo:
            let error = pair.averageDifference - 1 / (2 * beta)
            return averaged((error * error, 2 * error), 1)
        case .robust: return both(robust(beta * difference), beta)
        case .apoZero: return apoZero(pair)
        case .orpo: return oddsRatio(pair)
        case .simpo:
            let margin = beta * (pair.chosenAverage - pair.rejectedAverage) - gamma
            return averaged(smoothed(margin), beta)
        case .cpo: return both(smoothed(beta * (pair.chosen - pair.rejected)), beta)
        case .kto, .sft: return PairLoss()
        }
    }

    private func smoothed(_ z: Double) -> (value: Double, slope: Double) {
        (
            -(1 - smoothing) * logSigmoid(z) - smoothing * logSigmoid(-z),
            -(1 - smoothing) * sigmoid(-z) + smoothing * sigmoid(z)
        )
    }

    private func robust(_ z: Double) -> (value: Double, slope: Double) {
        let scale = 1 / (1 - 2 * smoothing)
        return (
            scale * (-(1 - smoothing) * logSigmoid(z) + smoothing * logSigmoid(-z)),
            scale * (-(1 - smoothing) * sigmoid(-z) - smoothing * sigmoid(z))
        )
    }

    private func apoZero(_ pair: PairLikelihoods) -> PairLoss {
        let (chosen, rejected) = (
            sigmoid(beta * pair.chosenRatio), sigmoid(beta * pair.rejectedRatio)
        )
        return PairLoss(
            1 - chosen + rejected, byChosen: -beta * chosen * (1 - chosen),
            byRejected: beta * rejected * (1 - rejected))
    }

    private func oddsRatio(_ pair: PairLikelihoods) -> PairLoss {
        let ratio = pair.logOddsRatio
        let slope = -beta * sigmoid(-ratio)
        // d(log odds) / d(average) = 1 / (1 - e^average)
        return PairLoss(
            -beta * logSigmoid(ratio),
            byChosen: slope / -expm1(pair.chosenAverage) / Double(pair.chosenCount),
            byRejected: -slope / -expm1(pair.rejectedAverage) / Double(pair.rejectedCount))
    }

    /// The loss of a single answer, and its derivative by the sum of its log-probabilities.
    ///
    /// - Parameters:
    ///   - ratio: r.
    ///   - divergence: kl.
    package func loss(
        ofAnswer ratio: Double, isGood: Bool, divergence: Double
    ) -> (value: Double, slope: Double) {
        let weight = weights[.kto] ?? 0
        let sign = isGood ? 1.0 : -1
        let share = sigmoid(sign * beta * (ratio - divergence))
        return (weight * (1 - share), -weight * sign * beta * share * (1 - share))
    }
}

func sigmoid(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }

func logSigmoid(_ x: Double) -> Double { min(0, x) - log1p(exp(-abs(x))) }

/// log(1 - e^x) of an x below 0 (Mächler, 2012).
func log1mexp(_ x: Double) -> Double { x > -log(2) ? log(-expm1(x)) : log1p(-exp(x)) }
