import Datasets
import Diagnostics
import Jinja

/// A text before another one whose likelihood is wanted.
package struct TaskPair: Equatable, Sendable {
    package var context: String
    package var continuation: String

    package init(context: String, continuation: String) {
        (self.context, self.continuation) = (context, continuation)
    }
}

/// Puts together what a model reads, as the harness does.
struct TaskPrompt {
    let definition: TaskDefinition

    /// The description, and the answered documents with their delimiters.
    func prefix(of document: TaskDocument, examples: [TaskDocument]) throws -> String {
        var text = try definition.description?.value(of: document).string ?? ""
        for example in examples {
            let question = try TaskQuestion(example, definition.examples.fields)
            let prompt: String
            switch question.prompt {
            case .text(let text): prompt = text
            case .choice(let number):
                guard question.choices.indices.contains(number) else {
                    _ = try question.rightChoices()
                    continue
                }
                prompt = question.choices[number]
            }
            let target = target(of: question)
            text += turn(prompt, target, question.answerPrefix)
            text += target.isEmpty ? "" : definition.examples.delimiter
        }
        return text
    }

    private func target(of question: TaskQuestion) -> String {
        if case .choice = question.prompt, case .text(let text) = question.target { return text }
        return question.shownTarget
    }

    private func turn(_ prompt: String, _ target: String, _ prefix: String?) -> String {
        guard !target.isEmpty else {
            return prompt + (prefix.map { delimiter(prompt, $0) + $0 } ?? "")
        }
        let prefix = prefix ?? ""
        let between =
            prefix.isEmpty || requiresDelimiter(prompt, prefix)
            ? definition.examples.targetDelimiter : ""
        guard !prefix.isEmpty else { return prompt + between + target }
        return prompt + between + prefix + (requiresDelimiter(prefix, target) ? " " : "") + target
    }

    private func delimiter(_ prompt: String, _ prefix: String) -> String {
        requiresDelimiter(prompt, prefix) ? definition.targetDelimiter : ""
    }

    private func requiresDelimiter(_ first: String, _ second: String) -> Bool {
        guard let last = first.unicodeScalars.last, let next = second.unicodeScalars.first else {
            return false
        }
        return !last.isJinjaSpace && !next.isJinjaSpace
    }

    /// What the model reads before it answers a question with a text.
    func context(of question: TaskQuestion, after prefix: String) throws -> String {
        guard case .text(let prompt) = question.prompt else {
            throw Failure(
                "doc_to_text does not fit the document", expected: "a text", got: "a number",
                at: question.document.place)
        }
        let answer = question.answerPrefix ?? ""
        return prefix + prompt + (answer.isEmpty ? "" : delimiter(prompt, answer) + answer)
    }

    /// The pairs whose likelihoods are asked for, one for each choice.
    func pairs(of question: TaskQuestion, after prefix: String) throws -> [TaskPair] {
        switch (definition.outputType, question.prompt) {
        case (.multipleChoice, .choice):
            let ending = definition.targetDelimiter + ending(of: question)
            return question.choices.map { TaskPair(context: prefix + $0, continuation: ending) }
        case (.multipleChoice, .text):
            let context = try context(of: question, after: prefix)
            return question.choices.map {
                TaskPair(context: context, continuation: definition.targetDelimiter + $0)
            }
        default:
            return [
                TaskPair(
                    context: try context(of: question, after: prefix),
                    continuation: question.shownTarget)
            ]
        }
    }

    /// The pairs without a context, for how likely the choices are by themselves.
    func bareChoices(of question: TaskQuestion) -> [TaskPair] {
        question.choices.map {
            TaskPair(context: "", continuation: definition.targetDelimiter + $0)
        }
    }

    private func ending(of question: TaskQuestion) -> String {
        if case .text(let text) = question.target { return text }
        return question.shownTarget
    }
}
