import Datasets
import Models
import Tensors

/// Preference tuning on pairs of answers: a sequence of a batch is a pair, so that none is ever cut.
///
/// Beside its tokens an example has two numbers, the sums of the log-probabilities that a reference gives
/// the better and the worse answer, where a loss needs them. Dropout is always off.
package struct PairObjective: Objective {
    private let model: LanguageModel
    private let settings: PreferenceSettings
    /// Whether the reference is the model with which the training starts.
    private let startsAtReference: Bool

    package init(
        model: LanguageModel, settings: PreferenceSettings, startsAtReference: Bool = true
    ) {
        (self.model, self.settings) = (model, settings)
        self.startsAtReference = startsAtReference
    }

    package var parameters: ParameterList { model.parameters }

    /// Every pair counts alike.
    package func weight(of batch: TokenBatch, part: Range<Int>) -> Double { Double(part.count) }

    // MARK: What depends on the whole batch

    /// The pairs, and the tokens of their better answers without and with their prompts.
    package var foresightCount: Int { isCountingTokens ? 3 : 0 }

    /// Cross-entropies are averages over the tokens of the batch, not over its pairs.
    private var isCountingTokens: Bool {
        settings.weight(of: .answer) > 0 || settings.weight(of: .promptAndAnswer) > 0
    }

    package func foresight(_ batch: TokenBatch, part: Range<Int>) -> [Double] {
        let rows = PairRows(batch, part, withPrompts: true)
        let (answers, prompts) = (
            rows.chosen.reduce(0) { $0 + $1.count }, rows.prompts.reduce(0) { $0 + $1.count }
        )
        return [Double(part.count), Double(answers), Double(answers + prompts)]
    }

    // MARK: The loss

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        loss(
            tape, batch, part: part, dropout: dropout,
            foreseen: isCountingTokens ? foresight(batch, part: part) : [])
    }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?,
        foreseen: [Double]
    ) -> LossSum {
        let rows = PairRows(
            batch, part, withPrompts: settings.weight(of: .promptAndAnswer) > 0)
        let likelihoods = model.logLikelihoods(
            tape, inputs: batch.inputTensor(of: part, on: tape.device), of: rows.wanted,
            segments: batch.segments(of: part), wantsStatistics: true)
        let shares = CrossEntropyShares(settings, foreseen)
        var (value, sums) = (0.0, PairSums())
        var derivatives = [Float](repeating: 0, count: rows.wanted.rows.count)
        for (index, sequence) in part.enumerated() {
            let pair = self.pair(index, rows, likelihoods.values.value, batch.numbers[sequence])
            let loss = settings.loss(of: pair)
            let promptSum = likelihoods.values.value.sum(rows.prompts[index])
            value += loss.value - shares.answer * pair.chosen
            value -= shares.all * (pair.chosen + promptSum)
            for row in rows.chosen[index] {
                derivatives[row] = Float(loss.byChosen - shares.answer - shares.all)
            }
            for row in rows.rejected[index] { derivatives[row] = Float(loss.byRejected) }
            for row in rows.prompts[index] { derivatives[row] = Float(-shares.all) }
            sums.add(pair, settings)
            sums.addCrossEntropy(
                pair.chosen + promptSum, tokens: pair.chosenCount + rows.prompts[index].count)
            if let statistics = likelihoods.statistics {
                sums.add(statistics, rows.chosen[index], rows.rejected[index])
            }
        }
        var sum = tape.loss(value, of: likelihoods.values, derivatives: derivatives)
        sum.sums = sums.values
        return sum
    }

    private func pair(
        _ index: Int, _ rows: PairRows, _ values: Tensor<Float>, _ numbers: [Double]
    ) -> PairLikelihoods {
        let (chosen, rejected) = (rows.chosen[index], rows.rejected[index])
        var pair = PairLikelihoods(
            chosen: values.sum(chosen), rejected: values.sum(rejected),
            chosenCount: chosen.count, rejectedCount: rejected.count)
        if settings.needsReference {
            precondition(numbers.count == 2, "expected the likelihoods of a reference")
            (pair.chosenReference, pair.rejectedReference) = (numbers[0], numbers[1])
        }
        return pair
    }

    // MARK: What is told

    package var sumCount: Int { PairSums.count }

    package func measures(_ sums: [Double], _ progress: BatchProgress) -> [String: Double] {
        PairSums(sums).measures(settings, progress)
    }

    package func remark(onFirst measures: [String: Double], loss: Double) -> ObjectiveRemark? {
        guard settings.needsReference else { return nil }
        return FirstStep(
            expected: settings.lossAtReference, loss: loss, settings.beta, measures,
            isRounded: model.precision == .bf16
        ).remark(startsAtReference: startsAtReference)
    }
}

/// What the log-probability of a token counts in the cross-entropies, in a loss that is divided by the
/// number of pairs.
private struct CrossEntropyShares {
    var answer = 0.0
    var all = 0.0

    init(_ settings: PreferenceSettings, _ foreseen: [Double]) {
        guard foreseen.count == 3 else { return }
        answer = settings.weight(of: .answer) * foreseen[0] / foreseen[1]
        all = settings.weight(of: .promptAndAnswer) * foreseen[0] / foreseen[2]
    }
}

extension PreferenceSettings {
    /// The loss of a model that is its own reference; nil where it depends on the model.
    package var lossAtReference: Double? {
        guard weights.keys.allSatisfy(\.needsReference) else { return nil }
        if let weight = weights[.kto] { return weight / 2 }
        return loss(
            of: PairLikelihoods(chosen: 0, rejected: 0, chosenCount: 1, rejectedCount: 1)
        ).value
    }
}
