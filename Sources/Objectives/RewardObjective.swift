import Datasets
import Models
import Tensors

/// A model that scores answers, by which of two is better: a sequence of a batch is a pair, so that none
/// is ever cut.
///
/// The loss of a pair is -log s(r_w - r_l - margin) + centering (r_w + r_l)^2, r the scores after the last
/// tokens of the better and the worse answer. Beside its tokens an example has three numbers: the
/// margin, and the tokens of the better and the worse answer. Dropout is always off.
package struct RewardObjective: Objective {
    private let model: LanguageModel
    private let centering: Double

    /// - Precondition: the model has a head of one class.
    package init(model: LanguageModel, centering: Double = 0) {
        precondition(model.plan.classCount == 1, "expected a head of one value")
        (self.model, self.centering) = (model, centering)
    }

    package var parameters: ParameterList { model.parameters }

    /// Every pair counts alike.
    package func weight(of batch: TokenBatch, part: Range<Int>) -> Double { Double(part.count) }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        let scores = model.classScores(
            tape, inputs: batch.inputTensor(of: part, on: tape.device),
            rows: ClassifiedRows(batch, part).rows, segments: batch.segments(of: part))
        var (value, sums, derivatives) = (0.0, RewardSums(), [Float]())
        for (index, sequence) in part.enumerated() {
            let (chosen, rejected) = (
                Double(scores.value.pointer[2 * index]),
                Double(scores.value.pointer[2 * index + 1])
            )
            let numbers = batch.numbers[sequence]
            let (difference, total) = (chosen - rejected - numbers[0], chosen + rejected)
            value += centering * total * total - logSigmoid(difference)
            let (slope, pull) = (sigmoid(-difference), 2 * centering * total)
            derivatives += [Float(pull - slope), Float(pull + slope)]
            sums.add(chosen, rejected, isLonger: numbers[1] - numbers[2])
        }
        var sum = tape.loss(value, of: scores, derivatives: derivatives)
        sum.sums = sums.values
        return sum
    }

    // MARK: What is told

    package var sumCount: Int { RewardSums.count }

    package func combine(_ a: Double, _ b: Double, sum index: Int) -> Double {
        RewardSums.combine(a, b, index)
    }

    package func measures(_ sums: [Double], _ progress: BatchProgress) -> [String: Double] {
        RewardSums(sums).measures(progress)
    }
}

/// What is added up over scored pairs, to be told under the names of TRL.
struct RewardSums {
    private enum Key: Int, CaseIterable {
        case pairs, accurate, longer, margin, total, least, most
    }

    static let count = Key.allCases.count

    private(set) var values: [Double]

    init() {
        values = Array(repeating: 0, count: Self.count)
        (self[.least], self[.most]) = (.infinity, -.infinity)
    }

    init(_ values: [Double]) {
        self.values = values
    }

    private subscript(key: Key) -> Double {
        get { values[key.rawValue] }
        set { values[key.rawValue] = newValue }
    }

    /// - Parameter isLonger: above 0 where the better answer is the longer one, 0 for equal lengths.
    mutating func add(_ chosen: Double, _ rejected: Double, isLonger: Double) {
        self[.pairs] += 1
        self[.accurate] += chosen > rejected ? 1 : 0
        self[.longer] += isLonger > 0 ? 1 : isLonger == 0 ? 0.5 : 0
        self[.margin] += chosen - rejected
        self[.total] += chosen + rejected
        self[.least] = min(self[.least], chosen, rejected)
        self[.most] = max(self[.most], chosen, rejected)
    }

    static func combine(_ a: Double, _ b: Double, _ index: Int) -> Double {
        switch Key(rawValue: index) {
        case .least: min(a, b)
        case .most: max(a, b)
        default: a + b
        }
    }

    func measures(_ progress: BatchProgress) -> [String: Double] {
        [
            "accuracy": self[.accurate] / self[.pairs],
            "longer_wins": self[.longer] / self[.pairs],
            "margin": self[.margin] / self[.pairs],
            "mean_reward": self[.total] / (2 * self[.pairs]),
            "min_reward": self[.least],
            "max_reward": self[.most],
            "num_tokens": Double(progress.tokenCount),
        ]
    }
}
