import Diagnostics
import Tokenizers

/// Examples, and what became of the conversations that they were made of.
package struct ExampleSet: Sendable {
    /// T: the most inputs of an example.
    package let sequenceLength: Int
    /// The text that ends an answer.
    package let answerEnd: String
    package internal(set) var examples: [TokenExample] = []
    /// The place that each example comes from.
    package internal(set) var places: [String] = []
    /// Conversations of which tokens before the last answer are cut away.
    package internal(set) var cutPromptCount = 0
    /// Conversations of which the last answer has lost its end.
    package internal(set) var cutAnswerCount = 0
    /// Conversations without a token to learn, which are left out.
    package internal(set) var unansweredCount = 0
    /// Conversations whose last answer has its end among the targets.
    package internal(set) var endCount = 0

    /// Examples that are no conversations.
    package init(_ examples: [TokenExample], places: [String], sequenceLength: Int) {
        self.init(sequenceLength: sequenceLength, answerEnd: "")
        (self.examples, self.places) = (examples, places)
    }

    init(sequenceLength: Int, answerEnd: String) {
        self.sequenceLength = sequenceLength
        self.answerEnd = answerEnd
    }

    package var tokenCount: Int { examples.reduce(0) { $0 + $1.inputs.count } }
    /// Targets that count.
    package var targetCount: Int {
        examples.reduce(0) { $0 + $1.targets.count { $0 >= 0 } }
    }

    /// Gives each example a number, beside those that it has.
    package mutating func number(_ numbers: some Collection<Int>) {
        precondition(
            numbers.count == examples.count,
            "expected \(examples.count) numbers, got \(numbers.count)")
        for (index, number) in numbers.enumerated() {
            examples[index].numbers.append(Double(number))
        }
    }

    /// Refuses to train on nothing, and on answers that never end.
    func check(conversationCount: Int) throws {
        guard !examples.isEmpty else {
            throw Failure(
                "there is nothing to learn: all labels are masked",
                expected: "a conversation with an answer",
                got: "\(conversationCount) without one", remedy: "name other examples")
        }
        guard endCount > 0 else {
            throw Failure(
                "no answer keeps its end: the model would never learn to stop",
                expected: "\(QuotedEnd(answerEnd)) among the labels",
                got: "\(cutAnswerCount) answers cut to \(sequenceLength) tokens",
                remedy: "train on longer sequences")
        }
    }

    /// The lines about the examples in the log before the first step.
    package var description: String {
        let longest = examples.map(\.inputs.count).max() ?? 0
        let share = (1000 * Double(targetCount) / Double(max(1, tokenCount))).rounded() / 10
        return
            "\(Quantity.count(examples.count, "example")) of \(Quantity.count(tokenCount, "token")), the longest of \(longest); "
            + "\(targetCount) tokens (\(share) %) are to be learnt, "
            + "with the end of answers, \(QuotedEnd(answerEnd)), \(endCount) times"
    }

    /// Warnings of what was lost in making the examples.
    package var warnings: [String] {
        let lost = [
            (
                cutPromptCount,
                "longer than \(sequenceLength) tokens: cut from the left before the last answer"
            ),
            (cutAnswerCount, "longer than \(sequenceLength) tokens: the last answer loses its end"),
            (unansweredCount, "without an answer: left out"),
        ]
        return lost.filter { $0.0 > 0 }.map { count, what in
            "\(count) \(count == 1 ? "conversation" : "conversations") \(what)"
        }
    }

    /// The text of one example; what is to be learnt is between ⟦ and ⟧.
    package func text(of index: Int, by tokenizer: some Tokenizer) throws -> String {
        let example = examples[index]
        var bytes: [UInt8] = []
        var start = 0
        for length in example.lengths {
            let own = start..<start + length
            try append(example.inputs[own], example.targets[own], tokenizer, to: &bytes)
            start += length
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func append(
        _ inputs: ArraySlice<Int32>, _ targets: ArraySlice<Int32>, _ tokenizer: some Tokenizer,
        to bytes: inout [UInt8]
    ) throws {
        var isInside = false
        for (id, isTarget) in zip(inputs + targets.suffix(1), [false] + targets.map { $0 >= 0 }) {
            if isTarget != isInside { bytes += Array((isTarget ? "⟦" : "⟧").utf8) }
            isInside = isTarget
            if id >= 0 { try tokenizer.appendBytes(of: id, to: &bytes) }
        }
        if isInside { bytes += Array("⟧".utf8) }
    }
}

/// A mark in quotes, line breaks spelled out.
private struct QuotedEnd: CustomStringConvertible {
    let description: String

    init(_ text: String) {
        description = text.debugDescription
    }
}
