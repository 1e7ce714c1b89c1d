import Datasets
import JSON

/// The answer of a model to one multiple-choice question.
package struct ChoiceResult: Equatable, Sendable {
    package let question: ChoiceQuestion
    /// The log-likelihood of each choice given the prompt, in nats.
    package let logLikelihoods: [Double]
    /// Whether the prompt was longer than the context and lost its beginning.
    package let isCut: Bool

    package init(question: ChoiceQuestion, logLikelihoods: [Double], isCut: Bool) {
        self.question = question
        self.logLikelihoods = logLikelihoods
        self.isCut = isCut
    }

    /// Whether every choice has a likelihood; without, the answer has no meaning.
    package var isFinite: Bool { logLikelihoods.allSatisfy(\.isFinite) }

    /// The likeliest choice; the first of equals.
    package var answer: Int { Self.firstMaximum(logLikelihoods) }

    /// The choice with the highest log-likelihood per byte; the first of equals.
    package var normalizedAnswer: Int {
        Self.firstMaximum(zip(logLikelihoods, question.choices).map { $0 / Double($1.utf8.count) })
    }

    package var json: [String: JSONValue] {
        [
            "place": .string(question.place), "gold": .integer(question.answer),
            "log_likelihoods": .array(logLikelihoods.map(JSONValue.number)),
            "answer": isFinite ? .integer(answer) : .null,
            "normalized_answer": isFinite ? .integer(normalizedAnswer) : .null,
            "cut": .boolean(isCut),
        ]
    }

    private static func firstMaximum(_ values: [Double]) -> Int {
        values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
    }
}
