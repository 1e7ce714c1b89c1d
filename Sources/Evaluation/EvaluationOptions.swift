import Options

/// Options of when and on how much the loss is measured during training.
package struct EvaluationOptions: OptionBlock {
    /// Steps between two validations; 0 validates at the end alone; usual 100 to 1000.
    package var everySteps = 250
    /// Global batches that a validation takes, from the front of the shards; by default all, of long
    /// shards the first 4,194,304 tokens.
    package var batches: Int?

    /// Validations in a row without a lower loss after which the run stops; by default it never does
    /// for that.
    package var patience: Int?

    /// The tasks that are evaluated at the end, as `evaluate --tasks` names them: YAML files in the keys of
    /// lm-evaluation-harness, or NAME=FILE.
    package var tasks: [String] = []
    /// Steps between two evaluations of the tasks; 0 evaluates them at the end alone; usual 500 to 5000.
    package var tasksEverySteps = 0
    /// Documents of each task, from its front, that are asked; by default all.
    package var limit: Int?

    package init() {}

    /// Tokens that a validation takes at most where the recipe leaves open how many: a hundredth of
    /// what is trained on between two validations of a large run.
    private static let defaultTokenCount = 1 << 22

    /// The windows that a validation takes at most.
    package func windowLimit(globalBatchSize: Int, sequenceLength: Int) -> Int {
        guard let batches else { return max(1, Self.defaultTokenCount / sequenceLength) }
        let (count, overflow) = batches.multipliedReportingOverflow(by: globalBatchSize)
        return overflow ? .max : count
    }

    package static var fields: [OptionField<EvaluationOptions>] {
        [
            OptionField("every_steps", \.everySteps, .atLeast(0), .changesFreely),
            OptionField("batches", \.batches, .atLeast(1), .changesFreely),
            OptionField("patience", \.patience, .atLeast(1), .changesFreely),
            OptionField("tasks", \.tasks, .changesFreely).naming(.inputOrName).addedLater.also(
                in: "evaluate"),
            OptionField("tasks_every_steps", \.tasksEverySteps, .atLeast(0), .changesFreely)
                .addedLater,
            OptionField("limit", \.limit, .atLeast(1), .changesFreely).addedLater.also(
                in: "evaluate"),
        ]
    }
}
