import Collectives
import Models
import Tokenizers

/// Some tasks, and how much of each is asked.
package struct TaskSuite: Sendable {
    package let tasks: [EvaluationTask]
    private let tokenizer: any Tokenizer
    private let shots: Int?
    private let limit: Int?

    /// - Parameters:
    ///   - shots: answered documents before each; nil for as many as each task says.
    ///   - limit: documents of each task, from its front; nil for all.
    package init(
        _ tasks: [EvaluationTask], _ tokenizer: any Tokenizer, shots: Int? = nil, limit: Int? = nil
    ) {
        (self.tasks, self.tokenizer) = (tasks, tokenizer)
        (self.shots, self.limit) = (shots, limit)
    }

    /// All files that were read.
    package var files: [String] { tasks.flatMap(\.files) }

    /// The figures of a model, the same on every rank. Collective.
    package func report(
        of model: LanguageModel, over communicator: any Communicator
    ) throws -> TaskReport {
        let evaluation = TaskEvaluation(TaskModel(model, tokenizer))
        return TaskReport(
            try tasks.map {
                try evaluation.results(of: $0, shots: shots, limit: limit, over: communicator)
            })
    }
}
