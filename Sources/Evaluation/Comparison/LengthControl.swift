import Foundation
import JSON

/// The win rate that answers of equal lengths would have.
///
/// A logistic regression explains the outcomes by tanh(d), d the difference of the lengths in their
/// standard deviations, by a constant, and by the difficulties of the prompts where all are known. The
/// length-controlled win rate is the average of what it says where d is 0. C of the regression is that of
/// ten from 1e-4 to 1e4 with the highest likelihood of what is left out, in five parts in turn.
/// Source: Length-Controlled AlpacaEval (Dubois et al., 2024): its formulas `length_controlled_minimal`, and
/// with difficulties `length_controlled_noreg`.
package struct LengthControl: Equatable, Sendable {
    /// In per cent.
    package let winRate: Double
    /// The deviation of the rate over samples of the comparisons, in per cent.
    package let standardError: Double
    /// Of tanh(d), of the difficulty where there is one, and of the constant.
    package let weights: [Double]

    private static let partCount = 5
    private static let roundCount = 100
    private static let costs = (0..<10).map { pow(10, -4 + 8 * Double($0) / 9) }

    /// - Parameter comparisons: those without an outcome are passed over.
    /// - Returns: nil where there are too few to leave a fifth of them out, and for difficulties that are too
    ///   large to be computed with.
    package init?(_ comparisons: [Comparison]) {
        let judged = comparisons.filter { $0.outcome != nil }
        guard judged.count >= Self.partCount else { return nil }
        let lengths = comparisons.map { Double($0.first.length - $0.second.length) }
        let deviation = Bootstrap.deviation(of: lengths)
        let isKnown = judged.allSatisfy { $0.difficulty != nil }
        func row(_ one: Comparison, isEqual: Bool) -> [Double] {
            let difference = Double(one.first.length - one.second.length)
            let length = isEqual || deviation == 0 ? 0 : tanh(difference / deviation)
            return [length] + (isKnown ? [one.difficulty ?? 0] : []) + [1]
        }
        let fit = LogisticFit(
            rows: judged.map { row($0, isEqual: false) }, outcomes: judged.compactMap(\.outcome))
        let cost = Self.bestCost(fit)
        let equal = judged.map { row($0, isEqual: true) }
        weights = fit.weights(cost: cost)
        winRate = Self.rate(weights, equal)
        guard winRate.isFinite else { return nil }
        let rates = (0..<Self.roundCount).map { round in
            var random = PythonRandom(seed: UInt32(round))
            let drawn = judged.indices.map { _ in
                Int(random.uniform() * Double(judged.count))
            }
            let sample = LogisticFit(
                rows: drawn.map { fit.rows[$0] }, outcomes: drawn.map { fit.outcomes[$0] })
            return Self.rate(sample.weights(cost: cost), drawn.map { equal[$0] })
        }
        standardError = Bootstrap.deviation(of: rates)
    }

    private static func rate(_ weights: [Double], _ rows: [[Double]]) -> Double {
        100 * rows.reduce(0) { $0 + LogisticFit.probability(weights, $1) } / Double(rows.count)
    }

    /// The first of those with the highest likelihood of the parts that are left out.
    private static func bestCost(_ fit: LogisticFit) -> Double {
        let count = fit.rows.count
        let scores = costs.map { cost in
            (0..<partCount).reduce(0.0) { sum, part in
                // The parts are dealt from the end, as scikit-learn deals groups of one size.
                func isHeldOut(_ index: Int) -> Bool { (count - 1 - index) % partCount == part }
                func rows(_ isIncluded: (Int) -> Bool) -> LogisticFit {
                    let numbers = fit.rows.indices.filter(isIncluded)
                    return LogisticFit(
                        rows: numbers.map { fit.rows[$0] },
                        outcomes: numbers.map { fit.outcomes[$0] })
                }
                let weights = rows { !isHeldOut($0) }.weights(cost: cost)
                return sum + rows(isHeldOut).averageLikelihood(weights)
            }
        }
        let best = scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
        return costs[best]
    }

    package var members: [String: JSONValue] {
        [
            "length_controlled_win_rate": .number(winRate),
            "length_controlled_standard_error": .number(standardError),
        ]
    }
}
