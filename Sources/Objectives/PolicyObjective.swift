import Datasets
import Foundation
import Models
import Tensors

/// Policy optimisation: answers that the model gave itself become likelier where they were better than the
/// other answers to their prompt, and less likely where they were worse.
///
/// A sequence of a batch is a prompt and an answer; beside its tokens it has the numbers of
/// `AnswerNumbers`. Dropout is always off, so that a first update finds the log-probabilities of the
/// sampling again.
package struct PolicyObjective: Objective {
    private let model: LanguageModel
    private let settings: PolicySettings

    package init(model: LanguageModel, settings: PolicySettings) {
        (self.model, self.settings) = (model, settings)
    }

    package var parameters: ParameterList { model.parameters }

    /// Tokens with dapo and ppo, else answers; with dr_grpo the tokens that they could have had.
    package func weight(of batch: TokenBatch, part: Range<Int>) -> Double {
        switch (settings.algorithm, settings.aggregation) {
        case (.grpo, .dapo), (.ppo, _): Double(batch.countedTargets(of: part))
        case (.grpo, .drGRPO): Double(part.count * settings.maximumTokens)
        default: Double(part.count)
        }
    }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        let rows = TextRows(batch, part, text: 0, on: tape.device)
        let (likelihoods, estimates) = scores(tape, rows)
        var (value, sums) = (0.0, PolicySums())
        var slopes = TokenSlopes(count: rows.wanted.rows.count)
        for (text, sequence) in zip(rows.texts, part) {
            let answer = SampledAnswer(
                likelihoods.values.value, values: estimates?.value, text,
                batch.numbers[sequence])
            let share = share(of: answer, in: rows)
            value += share * add(answer, share, &slopes, &sums)
            if let statistics = likelihoods.statistics {
                sums.add(entropy: statistics.entropies.sum(text))
            }
        }
        let own = [(x: likelihoods.values, derivatives: slopes.likelihoods)]
        let more = estimates.map { [(x: $0, derivatives: slopes.values)] } ?? []
        var sum = tape.loss(value, of: own + more)
        sum.sums = sums.values
        return sum
    }

    /// The log-probabilities of the tokens, and their values where they are learnt.
    private func scores(_ tape: Tape, _ rows: TextRows) -> (TargetLikelihoods, Variable?) {
        let temperature = Float(settings.temperature)
        guard settings.learnsValues else {
            let likelihoods = model.logLikelihoods(
                tape, inputs: rows.inputs, of: rows.wanted, temperature: temperature,
                wantsStatistics: true)
            return (likelihoods, nil)
        }
        let valued = model.valuedLikelihoods(
            tape, inputs: rows.inputs, of: rows.wanted, temperature: temperature,
            wantsStatistics: true)
        return (valued.likelihoods, valued.values)
    }

    /// How much the sum over the tokens of an answer counts.
    private func share(of answer: SampledAnswer, in rows: TextRows) -> Double {
        switch (settings.algorithm, settings.aggregation) {
        case (.rloo, _), (.ppo, _), (.grpo, .dapo), (.grpo, .drGRPO): 1
        case (.grpo, .grpo): 1 / Double(answer.tokens.count)
        case (.grpo, .bnpo): Double(rows.texts.count) / Double(rows.wanted.rows.count)
        }
    }

    /// Adds the derivatives of an answer, times `share`.
    ///
    /// - Returns: its loss, the sum over its tokens.
    private func add(
        _ answer: SampledAnswer, _ share: Double, _ slopes: inout TokenSlopes,
        _ sums: inout PolicySums
    ) -> Double {
        sums.add(answer)
        switch settings.algorithm {
        case .grpo: return addTokens(answer, share, &slopes, &sums)
        case .rloo: return addWhole(answer, share, &slopes, &sums)
        case .ppo: return addValued(answer, &slopes, &sums)
        }
    }

    /// A ratio for each token, and the divergence from the reference.
    private func addTokens(
        _ answer: SampledAnswer, _ share: Double, _ slopes: inout TokenSlopes,
        _ sums: inout PolicySums
    ) -> Double {
        var (value, losses) = (0.0, [ClippedLoss]())
        for token in answer.tokens {
            let loss = settings.clippedLoss(
                logRatio: token.likelihood - token.sampled, advantage: answer.advantage)
            let divergence = token.divergence
            let weight = settings.divergenceWeight
            value += loss.value + weight * divergence.value
            slopes.likelihoods[token.row] =
                Float(share * (loss.slope + weight * divergence.slope))
            losses.append(loss)
        }
        sums.add(losses)
        return value
    }

    /// One ratio for the answer.
    private func addWhole(
        _ answer: SampledAnswer, _ share: Double, _ slopes: inout TokenSlopes,
        _ sums: inout PolicySums
    ) -> Double {
        let ratio = answer.tokens.reduce(0) { $0 + $1.likelihood - $1.sampled }
        let loss = settings.clippedLoss(logRatio: ratio, advantage: answer.advantage)
        for token in answer.tokens {
            slopes.likelihoods[token.row] = Float(share * loss.slope)
        }
        sums.add([loss])
        return loss.value
    }

    /// A ratio and an advantage for each token, and the loss of its value.
    private func addValued(
        _ answer: SampledAnswer, _ slopes: inout TokenSlopes, _ sums: inout PolicySums
    ) -> Double {
        var (value, losses) = (0.0, [ClippedLoss]())
        for token in answer.tokens {
            guard let estimate = token.estimate else { continue }
            let loss = settings.clippedLoss(
                logRatio: token.likelihood - token.sampled, advantage: estimate.advantage)
            let miss = settings.valueLoss(
                estimate.value, sampled: estimate.sampled, return: estimate.return)
            value += loss.value + settings.valueWeight * miss.value
            slopes.likelihoods[token.row] = Float(loss.slope)
            slopes.values[token.row] = Float(settings.valueWeight * miss.slope)
            losses.append(loss)
            sums.add(token, policy: loss.value, value: miss.value, isClipped: miss.isClipped)
        }
        if !losses.isEmpty { sums.add(losses) }
        return value
    }

    // MARK: What is told

    package var sumCount: Int { PolicySums.count }

    package func combine(_ a: Double, _ b: Double, sum index: Int) -> Double {
        PolicySums.combine(a, b, index)
    }

    package func measures(_ sums: [Double], _ progress: BatchProgress) -> [String: Double] {
        PolicySums(sums).measures(settings, progress)
    }

    package func reasonToStop(_ measures: [String: Double]) -> String? {
        let limits = [
            ("kl", settings.mostDivergence), ("completions/mean_length", settings.mostLength),
        ]
        for (name, limit) in limits {
            guard let limit, let value = measures[name], !(value <= limit) else { continue }
            return "\(name) is \(value.formattedTo(4)), more than \(limit)"
        }
        return nil
    }

    package func remark(onFirst measures: [String: Double], loss: Double) -> ObjectiveRemark? {
        guard let count = measures["logps/unequal"] else { return nil }
        guard count > 0 else {
            return ObjectiveRemark(
                text: "the first update finds the log-probabilities of the sampling again, bit for "
                    + "bit", isWarning: false)
        }
        return ObjectiveRemark(
            text: "\(Int(count)) log-probabilities of the first update are not those of the "
                + "sampling: the answers are those of another model, or of other arithmetic",
            isWarning: false)
    }
}

/// The derivatives of a loss by the log-probabilities and the values of the tokens of a pass.
private struct TokenSlopes {
    var likelihoods: [Float]
    var values: [Float]

    init(count: Int) {
        likelihoods = Array(repeating: 0, count: count)
        values = likelihoods
    }
}
