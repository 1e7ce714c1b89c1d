import JSON
import Tokenizers

/// What somebody thinks of answers to some messages: of two the one that is better, or of one whether it is
/// good.
package struct Preference: Equatable, Sendable {
    /// The messages that are answered; none of them is learnt.
    package var prompt: [TemplateMessage]
    /// The better answer, or a good one; nil where a bad one stands alone.
    package var better: [TemplateMessage]?
    /// The worse answer, or a bad one; nil where a good one stands alone.
    package var worse: [TemplateMessage]?
    /// How much better the better answer is.
    package var margin = 0.0
    /// Descriptions of the functions that the model may call; null for none.
    package var tools: JSONValue
    /// The file and the line.
    package var place: String
    /// The record that says so.
    package var record: JSONValue

    package init(
        prompt: [TemplateMessage], better: [TemplateMessage]?, worse: [TemplateMessage]?,
        tools: JSONValue = .null, place: String, record: JSONValue
    ) {
        (self.prompt, self.better, self.worse) = (prompt, better, worse)
        (self.tools, self.place, self.record) = (tools, place, record)
    }

    /// Whether there are two answers.
    package var isPair: Bool { better != nil && worse != nil }

    /// The answers one by one: good ones first.
    package var answers: [(messages: [TemplateMessage], isGood: Bool)] {
        [(better, true), (worse, false)].compactMap { answer in answer.0.map { ($0, answer.1) } }
    }

    /// The conversation with one of the answers.
    func conversation(_ answer: [TemplateMessage]) -> Conversation {
        Conversation(messages: prompt + answer, tools: tools, place: place)
    }

    /// What is wrong with the answers; nil for nothing.
    var fault: PreferenceFault? {
        let answers = answers.map(\.messages)
        if answers.contains(where: { Conversation(messages: $0, place: place).hasEmptyAnswer }) {
            return .empty
        }
        return isPair && better?.map(\.json) == worse?.map(\.json) ? .equal : nil
    }
}

/// Why nothing can be learnt from a preference.
package enum PreferenceFault: Equatable, Sendable, CaseIterable {
    case empty
    case equal
    /// The same two answers were judged the other way round before.
    case contradicted

    var what: String {
        switch self {
        case .empty: "there is nothing to learn from an empty answer"
        case .equal: "there is nothing to learn from two equal answers"
        case .contradicted: "the same two answers are judged both ways"
        }
    }

    var expected: String {
        switch self {
        case .empty: "a text in each answer"
        case .equal: "a better answer and a worse one"
        case .contradicted: "one judgement"
        }
    }
}
