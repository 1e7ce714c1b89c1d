import JSON

/// The answers to the documents of a task, and the figures of its metrics.
package struct TaskResults: Sendable {
    package let task: TaskDefinition
    package let shots: Int
    package let answers: [TaskAnswer]
    package let figures: [TaskFigure]

    package init(task: TaskDefinition, shots: Int, answers: [TaskAnswer]) {
        (self.task, self.shots, self.answers) = (task, shots, answers)
        figures = task.filters.flatMap { filter in
            task.metrics.map { metric in
                let scores = answers.map { $0.scores[filter.name]?[metric.name] ?? .number(.nan) }
                let value = metric.aggregation.value(of: scores)
                return TaskFigure(
                    metric: metric.name, filter: filter.name, value: value,
                    standardError: value.isFinite
                        ? metric.aggregation.standardError(of: scores) : nil)
            }
        }
    }

    /// Prompts that lost their beginning.
    package var cutCount: Int { answers.count { $0.isCut } }
}

/// A figure of a metric over the documents of a task.
package struct TaskFigure: Equatable, Sendable {
    package let metric: String
    /// The filter whose answers it is of; `none` for all there is.
    package let filter: String
    package let value: Double
    package let standardError: Double?

    /// The names in JSON: of a figure of a filter with a name it stands behind a comma.
    package var members: [String: JSONValue] {
        let suffix = filter == "none" ? "" : ",\(filter)"
        return [
            metric + suffix: .number(value),
            "\(metric)_stderr\(suffix)": standardError.map(JSONValue.number) ?? .null,
        ]
    }

    /// The figure of several tasks together, each with the weight of its documents, as the harness adds
    /// them up.
    static func pooled(_ parts: [(figure: TaskFigure, count: Int)]) -> TaskFigure? {
        guard let first = parts.first?.figure else { return nil }
        let count = Double(parts.reduce(0) { $0 + $1.count })
        let value = parts.reduce(0) { $0 + $1.figure.value * Double($1.count) } / count
        let variance = parts.reduce(0.0) { sum, part in
            let size = Double(part.count)
            let error = part.figure.standardError ?? 0
            return sum + (size - 1) * error * error * size
        }
        let freedom = count - Double(parts.count)
        return TaskFigure(
            metric: first.metric, filter: first.filter, value: value,
            standardError: freedom > 0 ? (variance / freedom / count).squareRoot() : nil)
    }
}
