import Datasets
import Foundation
import Models
import Tensors

/// Policy optimisation: answers that the model gave itself become likelier where they were better than the
/// other answers to their prompt, and less likely where they were worse.
///
/// A sequence of a batch is a prompt and an answer. Beside its tokens it has numbers: the advantage of the
/// answer, the log-probability that each token of it had when it was sampled, and, where there is a
/// reference, those that it has by that. Dropout is always off, so that a first update finds the
/// log-probabilities of the sampling again.
package struct PolicyObjective: Objective {
    private let model: LanguageModel
    private let settings: PolicySettings

    package init(model: LanguageModel, settings: PolicySettings) {
        (self.model, self.settings) = (model, settings)
    }

    package var parameters: ParameterList { model.parameters }

    /// Tokens with dapo, else answers; with dr_grpo the tokens that they could have had.
    package func weight(of batch: TokenBatch, part: Range<Int>) -> Double {
        switch (settings.algorithm, settings.aggregation) {
        case (.grpo, .dapo): Double(batch.countedTargets(of: part))
        case (.grpo, .drGRPO): Double(part.count * settings.maximumTokens)
        default: Double(part.count)
        }
    }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        let rows = TextRows(batch, part, text: 0, on: tape.device)
        let likelihoods = model.logLikelihoods(
            tape, inputs: rows.inputs, of: rows.wanted, temperature: Float(settings.temperature),
            wantsStatistics: true)
        var (value, sums) = (0.0, PolicySums())
        var derivatives = [Float](repeating: 0, count: rows.wanted.rows.count)
        for (text, sequence) in zip(rows.texts, part) {
            let answer = SampledAnswer(
                likelihoods.values.value, text, batch.numbers[sequence])
            let share = share(of: answer, in: rows)
            value += share * add(answer, share, &derivatives, &sums)
            if let statistics = likelihoods.statistics {
                sums.add(entropy: statistics.entropies.sum(text))
            }
        }
        var sum = tape.loss(value, of: likelihoods.values, derivatives: derivatives)
        sum.sums = sums.values
        return sum
    }

    /// How much the sum over the tokens of an answer counts.
    private func share(of answer: SampledAnswer, in rows: TextRows) -> Double {
        switch (settings.algorithm, settings.aggregation) {
        case (.rloo, _), (.grpo, .dapo), (.grpo, .drGRPO): 1
        case (.grpo, .grpo): 1 / Double(answer.tokens.count)
        case (.grpo, .bnpo): Double(rows.texts.count) / Double(rows.wanted.rows.count)
        }
    }

    /// Adds the derivatives of an answer, times `share`.
    ///
    /// - Returns: its loss, the sum over its tokens.
    private func add(
        _ answer: SampledAnswer, _ share: Double, _ derivatives: inout [Float],
        _ sums: inout PolicySums
    ) -> Double {
        sums.add(answer)
        guard settings.algorithm == .grpo else {
            let ratio = answer.tokens.reduce(0) { $0 + $1.likelihood - $1.sampled }
            let loss = settings.clippedLoss(logRatio: ratio, advantage: answer.advantage)
            for token in answer.tokens { derivatives[token.row] = Float(share * loss.slope) }
            sums.add([loss])
            return loss.value
        }
        var (value, losses) = (0.0, [ClippedLoss]())
        for token in answer.tokens {
            let loss = settings.clippedLoss(
                logRatio: token.likelihood - token.sampled, advantage: answer.advantage)
            let divergence = token.divergence
            let weight = settings.divergenceWeight
            value += loss.value + weight * divergence.value
            derivatives[token.row] = Float(share * (loss.slope + weight * divergence.slope))
            losses.append(loss)
        }
        sums.add(losses)
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

/// An answer of a batch, and what is known of it.
struct SampledAnswer {
    let advantage: Double
    let tokens: [Token]

    struct Token {
        /// Among the rows of the pass.
        let row: Int
        let likelihood: Double
        let sampled: Double
        let reference: Double?

        /// e^d - d - 1 with d = logp of the reference - logp, and its derivative by logp: an estimate of the
        /// divergence from the reference that is never below 0 (Schulman, 2020).
        var divergence: (value: Double, slope: Double) {
            guard let reference else { return (0, 0) }
            let difference = reference - likelihood
            return (exp(difference) - difference - 1, 1 - exp(difference))
        }
    }

    init(_ values: Tensor<Float>, _ rows: Range<Int>, _ numbers: [Double]) {
        let count = rows.count
        precondition(
            numbers.count == 1 + count || numbers.count == 1 + 2 * count,
            "expected an advantage and the numbers of \(count) tokens, got \(numbers.count)")
        advantage = numbers[0]
        let hasReference = numbers.count > 1 + count
        tokens = rows.enumerated().map { index, row in
            Token(
                row: row, likelihood: Double(values.pointer[row]), sampled: numbers[1 + index],
                reference: hasReference ? numbers[1 + count + index] : nil)
        }
    }
}
