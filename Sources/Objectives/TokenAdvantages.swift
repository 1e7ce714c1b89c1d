/// What a value head makes of the rewards of answers: an advantage and a return for each token.
///
/// With r_t the reward of a token and V_t the value before it, d_t = r_t + gamma V_(t + 1) - V_t, V 0 behind
/// the last token; A_t = d_t + gamma lambda A_(t + 1); the return is A_t + V_t (Schulman et al., 2016). Then the
/// advantages of all tokens of a batch get the mean 0 and the variance 1, as in TRL.
package struct TokenAdvantages: Equatable, Sendable {
    /// The rewards of the tokens of an answer, and the values before them.
    package struct Answer: Equatable, Sendable {
        package var rewards: [Double]
        package var values: [Double]

        /// - Parameters:
        ///   - reward: of the whole answer, which its last token gets.
        ///   - penalties: what is taken off the reward of each token.
        package init(reward: Double, penalties: [Double], values: [Double]) {
            precondition(
                penalties.count == values.count && !values.isEmpty,
                "expected \(values.count) penalties, got \(penalties.count)")
            rewards = penalties.map { -$0 }
            rewards[rewards.count - 1] += reward
            self.values = values
        }
    }

    /// One for each token; none for an answer without a reward.
    package private(set) var advantages: [[Double]]
    package private(set) var returns: [[Double]]

    /// Added to the variance, so that it may be 0.
    private static let epsilon = 1e-8

    /// - Parameter answers: nil for one that cannot be judged.
    package init(_ answers: [Answer?], gamma: Double, lambda: Double) {
        advantages = answers.map { $0.map { Self.advantages($0, gamma, lambda) } ?? [] }
        returns = zip(answers, advantages).map { answer, own in
            zip(own, answer?.values ?? []).map(+)
        }
        whiten()
    }

    private static func advantages(
        _ answer: Answer, _ gamma: Double, _ lambda: Double
    ) -> [Double] {
        var advantages = answer.values
        var (next, value) = (0.0, 0.0)
        for token in answer.values.indices.reversed() {
            let difference = answer.rewards[token] + gamma * value - answer.values[token]
            next = difference + gamma * lambda * next
            value = answer.values[token]
            advantages[token] = next
        }
        return advantages
    }

    /// The variance is that of a sample; a single token has the advantage 0.
    private mutating func whiten() {
        let all = advantages.joined()
        let count = Double(all.count)
        guard count > 0 else { return }
        let mean = all.reduce(0, +) / count
        let squares = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let variance = squares / max(1, count - 1)
        let scale = 1 / (variance + Self.epsilon).squareRoot()
        advantages = advantages.map { $0.map { ($0 - mean) * scale } }
    }
}
