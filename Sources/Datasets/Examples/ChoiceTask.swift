import Diagnostics

/// The questions of one file, and the text before each of them.
package struct ChoiceTask: Equatable, Sendable {
    package let name: String
    /// The tasks of one group are reported together, too: MMLU's subjects.
    package let group: String?
    /// The files from which the questions and the examples were read; none for questions made in
    /// memory.
    package var files: [String] = []
    package let questions: [ChoiceQuestion]
    /// Stands before the examples.
    let preamble: String
    /// Answered questions to show; nil where those are other questions of the task.
    let examples: [ChoiceQuestion]?

    package init(
        name: String, group: String? = nil, questions: [ChoiceQuestion], preamble: String = "",
        examples: [ChoiceQuestion]? = nil
    ) {
        self.name = name
        self.group = group
        self.questions = questions
        self.preamble = preamble
        self.examples = examples
    }

    /// The text before the prompt of a question: the preamble and the first `shots` examples (those
    /// of them that are other questions), each followed by a blank line.
    ///
    /// - Precondition: `requireExamples(shots)` has passed.
    package func prefix(ofQuestion index: Int, shots: Int) -> String {
        var shown = (examples ?? questions).prefix(shots + 1).map(\.answered)
        if examples == nil, index < shown.count { shown.remove(at: index) }
        return preamble + shown.prefix(shots).map { $0 + "\n\n" }.joined()
    }

    /// - Throws: `Failure` where there are fewer than `shots` examples for a question.
    package func requireExamples(_ shots: Int) throws(Failure) {
        let available = examples?.count ?? questions.count - 1
        guard shots > available else { return }
        throw Failure(
            "there are too few answered questions to show", expected: "at most \(available)",
            got: "\(shots)", at: name, remedy: "show fewer", kind: .usage)
    }
}
