import JSON

/// The share of questions that a model answers rightly.
package struct ChoiceScores: Equatable, Sendable {
    package var questionCount = 0
    /// Questions whose likeliest choice is right.
    package var rightCount = 0
    /// Questions whose likeliest choice per byte is right.
    package var normalizedRightCount = 0
    /// Questions whose prompt was longer than the context.
    package var cutCount = 0
    /// Questions for which the model gives no likelihoods: then no share is known.
    package var nonFiniteCount = 0

    package init(_ results: some Sequence<ChoiceResult>) {
        for result in results {
            let right = result.question.answer
            questionCount += 1
            rightCount += result.answer == right ? 1 : 0
            normalizedRightCount += result.normalizedAnswer == right ? 1 : 0
            cutCount += result.isCut ? 1 : 0
            nonFiniteCount += result.isFinite ? 0 : 1
        }
    }

    package var accuracy: Double { share(rightCount) }
    package var normalizedAccuracy: Double { share(normalizedRightCount) }
    package var accuracyError: Double? { standardError(accuracy) }
    package var normalizedAccuracyError: Double? { standardError(normalizedAccuracy) }

    package var json: [String: JSONValue] {
        [
            "questions": .integer(questionCount), "acc": .number(accuracy),
            "acc_stderr": accuracyError.map(JSONValue.number) ?? .null,
            "acc_norm": .number(normalizedAccuracy),
            "acc_norm_stderr": normalizedAccuracyError.map(JSONValue.number) ?? .null,
            "cut": .integer(cutCount),
        ]
    }

    private func share(_ count: Int) -> Double {
        nonFiniteCount > 0 ? .nan : Double(count) / Double(questionCount)
    }

    /// sqrt(p (1 - p) / (n - 1)): of a mean of n zeros and ones; nil for a single question.
    private func standardError(_ share: Double) -> Double? {
        guard questionCount > 1 else { return nil }
        return (share * (1 - share) / Double(questionCount - 1)).squareRoot()
    }
}
