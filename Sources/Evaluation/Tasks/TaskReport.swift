import Diagnostics
import Files
import JSON

/// What `evaluate --tasks` prints.
package struct TaskReport: Sendable {
    package let results: [TaskResults]

    package init(_ results: [TaskResults]) { self.results = results }

    /// A warning of prompts that were cut; nil where every prompt fits into the context.
    package var warning: String? {
        let cutCount = results.reduce(0) { $0 + $1.cutCount }
        let count = results.reduce(0) { $0 + $1.answers.count }
        guard cutCount > 0 else { return nil }
        return "\(cutCount) of \(count) prompts are longer than the model's "
            + "context and lost their beginning"
    }

    package var text: String {
        var table = TextTable()
        table.add("task", "questions", "shots", "metric", "value", "+-")
        for row in rows {
            let name = (row.group == nil ? "" : "  ") + row.name
            for (index, figure) in row.figures.enumerated() {
                let filter = figure.filter == "none" ? "" : ",\(figure.filter)"
                table.add(
                    index == 0 ? name : "", index == 0 ? "\(row.count)" : "",
                    index == 0 ? "\(row.shots)" : "", figure.metric + filter,
                    figure.value.formattedTo(4), figure.standardError?.formattedTo(4) ?? "-")
            }
        }
        return table.lines.joined(separator: "\n")
    }

    package var json: JSONValue {
        let tasks = rows.map { row in
            var members: [String: JSONValue] = [
                "task": .string(row.name), "questions": .integer(row.count),
                "shots": .integer(row.shots), "cut": .integer(row.cutCount),
            ]
            members["group"] = row.group.map(JSONValue.string)
            for figure in row.figures { members.merge(figure.members) { $1 } }
            return JSONValue.object(members)
        }
        let shots = results.map(\.shots).max() ?? 0
        return .object(["shots": .integer(shots), "tasks": .array(tasks)])
    }

    /// Writes a JSON object a line for each document.
    package func writeAnswers(to path: String) throws {
        let lines = results.flatMap { results in
            results.answers.map { $0.json(task: results.task).text() + "\n" }
        }
        try FileWriter.write(Array(lines.joined().utf8), to: path)
    }

    private struct Row {
        let name: String
        let group: String?
        let shots: Int
        let count: Int
        let cutCount: Int
        let figures: [TaskFigure]
    }

    /// The tasks; before the first of a group the group as a whole.
    private var rows: [Row] {
        var (rows, groups): ([Row], Set<String>) = ([], [])
        for result in results {
            if let group = result.task.group, groups.insert(group).inserted {
                rows.append(self.row(ofGroup: group))
            }
            rows.append(
                Row(
                    name: result.task.name, group: result.task.group, shots: result.shots,
                    count: result.answers.count, cutCount: result.cutCount,
                    figures: result.figures))
        }
        return rows
    }

    private func row(ofGroup group: String) -> Row {
        let parts = results.filter { $0.task.group == group }
        let figures = (parts.first?.figures ?? []).compactMap { figure in
            TaskFigure.pooled(
                parts.compactMap { part in
                    part.figures.first { $0.metric == figure.metric && $0.filter == figure.filter }
                        .map { (figure: $0, count: part.answers.count) }
                })
        }
        return Row(
            name: group, group: nil, shots: parts.first?.shots ?? 0,
            count: parts.reduce(0) { $0 + $1.answers.count },
            cutCount: parts.reduce(0) { $0 + $1.cutCount }, figures: figures)
    }
}
