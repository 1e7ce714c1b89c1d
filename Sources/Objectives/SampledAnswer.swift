import Foundation
import Tensors

/// What the loss of a policy knows of an answer beside its tokens, as the numbers of an example.
package struct AnswerNumbers: Equatable, Sendable {
    /// How much better the answer is than others to its prompt.
    package var advantage: Double
    /// The log-probability of each token when it was sampled.
    package var sampled: [Float]
    /// Those by the reference; nil without one.
    package var references: [Float]?
    /// What a value head made of each token; nil without one.
    package var estimates: Estimates?

    /// Of each token.
    package struct Estimates: Equatable, Sendable {
        /// The values when the answer was sampled.
        package var values: [Float]
        /// Empty of an answer that cannot be judged.
        package var advantages: [Double]
        package var returns: [Double]

        package init(values: [Float], advantages: [Double], returns: [Double]) {
            (self.values, self.advantages, self.returns) = (values, advantages, returns)
        }
    }

    package init(
        advantage: Double, sampled: [Float], references: [Float]? = nil,
        estimates: Estimates? = nil
    ) {
        (self.advantage, self.sampled) = (advantage, sampled)
        (self.references, self.estimates) = (references, estimates)
    }

    /// The advantage, then the numbers of all tokens of one kind after the other.
    package var list: [Double] {
        let own = [advantage] + sampled.map(Double.init)
        let known = (references ?? []).map(Double.init)
        guard let estimates else { return own + known }
        let isJudged = !estimates.advantages.isEmpty
        // What is no number is not learnt from.
        let none = Array(repeating: Double.nan, count: sampled.count)
        return own + estimates.values.map(Double.init)
            + (isJudged ? estimates.advantages + estimates.returns : none + none) + known
    }

    /// The numbers of an answer of so many tokens of which nothing is known: what learning from it costs is
    /// the same.
    package static func unknown(tokenCount: Int, hasEstimates: Bool) -> [Double] {
        let zeros = [Float](repeating: 0, count: tokenCount)
        return AnswerNumbers(
            advantage: 0, sampled: zeros,
            estimates: hasEstimates
                ? Estimates(values: zeros, advantages: [], returns: []) : nil
        ).list
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
        /// Nil without values, and where nothing is learnt from them.
        let estimate: Estimate?

        /// e^d - d - 1 with d = logp of the reference - logp, and its derivative by logp: an estimate of the
        /// divergence from the reference that is never below 0 (Schulman, 2020).
        var divergence: (value: Double, slope: Double) {
            guard let reference else { return (0, 0) }
            let difference = reference - likelihood
            return (exp(difference) - difference - 1, 1 - exp(difference))
        }
    }

    /// What a value head makes of a token: now, and when the answer was sampled.
    struct Estimate {
        let value: Double
        let sampled: Double
        let advantage: Double
        let `return`: Double
    }

    /// - Parameters:
    ///   - likelihoods: of the rows of the pass.
    ///   - values: of the same rows; nil without a value head.
    ///   - rows: of the answer.
    ///   - numbers: those of `AnswerNumbers`.
    init(
        _ likelihoods: Tensor<Float>, values: Tensor<Float>?, _ rows: Range<Int>,
        _ numbers: [Double]
    ) {
        let count = rows.count
        let kinds = values == nil ? 1 : 4
        precondition(
            numbers.count == 1 + kinds * count || numbers.count == 1 + (kinds + 1) * count,
            "expected an advantage and the numbers of \(count) tokens, got \(numbers.count)")
        advantage = numbers[0]
        let hasReference = numbers.count > 1 + kinds * count
        func number(_ kind: Int, _ index: Int) -> Double { numbers[1 + kind * count + index] }
        tokens = rows.enumerated().map { index, row in
            var estimate: Estimate?
            if let values, !number(2, index).isNaN {
                estimate = Estimate(
                    value: Double(values.pointer[row]), sampled: number(1, index),
                    advantage: number(2, index), return: number(3, index))
            }
            return Token(
                row: row, likelihood: Double(likelihoods.pointer[row]),
                sampled: number(0, index),
                reference: hasReference ? number(kinds, index) : nil, estimate: estimate)
        }
    }
}
