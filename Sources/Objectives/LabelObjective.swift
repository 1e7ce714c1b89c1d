import Datasets
import Models
import Tensors

/// Preference tuning on answers that are good or bad: KTO.
///
/// A sequence of a batch is shared by an answer behind its prompt, and the answer to another prompt behind
/// the same one, from which the divergence from the reference is estimated. Beside its tokens an
/// example has three numbers: 1 for a good answer or 0 for a bad one, and the sums of the
/// log-probabilities that a reference gives the two. Dropout is always off.
package struct LabelObjective: Objective {
    private let model: LanguageModel
    private let settings: PreferenceSettings
    private let startsAtReference: Bool

    package init(
        model: LanguageModel, settings: PreferenceSettings, startsAtReference: Bool = true
    ) {
        (self.model, self.settings) = (model, settings)
        self.startsAtReference = startsAtReference
    }

    package var parameters: ParameterList { model.parameters }

    /// Every answer counts alike.
    package func weight(of batch: TokenBatch, part: Range<Int>) -> Double { Double(part.count) }

    // MARK: What depends on the whole batch

    /// The answers, and the sum of how much likelier than to the reference those to other prompts are.
    package var foresightCount: Int { 2 }

    package func foresight(_ batch: TokenBatch, part: Range<Int>) -> [Double] {
        let tape = Tape(device: model.device)
        let rows = TextRows(batch, part, text: 1, on: tape.device)
        let values = model.logLikelihoods(tape, inputs: rows.inputs, of: rows.wanted).values.value
        let sum = zip(part, rows.texts).reduce(0.0) { sum, entry in
            sum + values.sum(entry.1) - batch.numbers[entry.0][2]
        }
        return [Double(part.count), sum]
    }

    /// kl: the average, at least 0; it is a constant for the gradient.
    private func divergence(_ foreseen: [Double]) -> Double { max(0, foreseen[1] / foreseen[0]) }

    // MARK: The loss

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        loss(
            tape, batch, part: part, dropout: dropout, foreseen: foresight(batch, part: part))
    }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?,
        foreseen: [Double]
    ) -> LossSum {
        let rows = TextRows(batch, part, text: 0, on: tape.device)
        let likelihoods = model.logLikelihoods(
            tape, inputs: rows.inputs, of: rows.wanted, wantsStatistics: true)
        let divergence = self.divergence(foreseen)
        var (value, sums) = (0.0, LabelSums())
        var derivatives = [Float](repeating: 0, count: rows.wanted.rows.count)
        for (text, sequence) in zip(rows.texts, part) {
            let (isGood, reference) = (
                batch.numbers[sequence][0] > 0, batch.numbers[sequence][1]
            )
            let likelihood = likelihoods.values.value.sum(text)
            let loss = settings.loss(
                ofAnswer: likelihood - reference, isGood: isGood, divergence: divergence)
            value += loss.value
            for row in text { derivatives[row] = Float(loss.slope) }
            sums.add(
                isGood: isGood, reward: settings.beta * (likelihood - reference), likelihood)
            if let statistics = likelihoods.statistics { sums.add(statistics, text, isGood) }
        }
        sums.note(divergence: divergence)
        var sum = tape.loss(value, of: likelihoods.values, derivatives: derivatives)
        sum.sums = sums.values
        return sum
    }

    // MARK: What is told

    package var sumCount: Int { LabelSums.count }

    package func measures(_ sums: [Double], _ progress: BatchProgress) -> [String: Double] {
        LabelSums(sums).measures
    }

    package func remark(onFirst measures: [String: Double], loss: Double) -> ObjectiveRemark? {
        FirstStep(
            expected: settings.lossAtReference, loss: loss, settings.beta, measures,
            isRounded: model.precision == .bf16
        ).remark(startsAtReference: startsAtReference)
    }
}

/// What is added up over answers, to be told under the names of TRL.
struct LabelSums {
    private enum Key: Int, CaseIterable {
        case good, goodReward, goodLikelihood, goodLogits, goodTokens
        case bad, badReward, badLikelihood, badLogits, badTokens
        case entropy, parts, divergence
    }

    static let count = Key.allCases.count

    private(set) var values: [Double]

    init(_ values: [Double] = Array(repeating: 0, count: LabelSums.count)) {
        self.values = values
    }

    private subscript(key: Key) -> Double {
        get { values[key.rawValue] }
        set { values[key.rawValue] = newValue }
    }

    mutating func add(isGood: Bool, reward: Double, _ likelihood: Double) {
        self[isGood ? .good : .bad] += 1
        self[isGood ? .goodReward : .badReward] += reward
        self[isGood ? .goodLikelihood : .badLikelihood] += likelihood
    }

    mutating func add(_ statistics: LogitStatistics, _ text: Range<Int>, _ isGood: Bool) {
        self[.entropy] += statistics.entropies.sum(text)
        self[isGood ? .goodLogits : .badLogits] += statistics.means.sum(text)
        self[isGood ? .goodTokens : .badTokens] += Double(text.count)
    }

    /// Every part of a batch has the same.
    mutating func note(divergence: Double) {
        self[.parts] += 1
        self[.divergence] += divergence
    }

    var measures: [String: Double] {
        var measures = [
            "kl": self[.divergence] / self[.parts],
            "entropy": self[.entropy] / (self[.goodTokens] + self[.badTokens]),
        ]
        if self[.good] > 0 {
            measures["rewards/chosen"] = self[.goodReward] / self[.good]
            measures["logps/chosen"] = self[.goodLikelihood] / self[.good]
            measures["logits/chosen"] = self[.goodLogits] / self[.goodTokens]
        }
        if self[.bad] > 0 {
            measures["rewards/rejected"] = self[.badReward] / self[.bad]
            measures["logps/rejected"] = self[.badLikelihood] / self[.bad]
            measures["logits/rejected"] = self[.badLogits] / self[.badTokens]
        }
        if let good = measures["rewards/chosen"], let bad = measures["rewards/rejected"] {
            measures["rewards/margins"] = good - bad
        }
        return measures
    }
}
