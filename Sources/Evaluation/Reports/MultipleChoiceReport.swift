import Datasets
import Diagnostics
import Files
import JSON

/// What `evaluate --tasks` prints.
package struct MultipleChoiceReport {
    package let shots: Int
    package let results: [(task: ChoiceTask, results: [ChoiceResult])]

    package init(shots: Int, results: [(task: ChoiceTask, results: [ChoiceResult])]) {
        (self.shots, self.results) = (shots, results)
    }

    /// A warning of prompts that were cut; nil where every prompt fits into the context.
    package var warning: String? {
        let scores = ChoiceScores(results.flatMap(\.results))
        guard scores.cutCount > 0 else { return nil }
        return "\(scores.cutCount) of \(scores.questionCount) prompts are longer than the model's "
            + "context and lost their beginning"
    }

    package var text: String {
        var table = TextTable()
        table.add("task", "questions", "acc", "+-", "acc_norm", "+-")
        for row in rows {
            let scores = row.scores
            table.add(
                (row.group == nil ? "" : "  ") + row.name, "\(scores.questionCount)",
                scores.accuracy.formattedTo(4), scores.accuracyError?.formattedTo(4) ?? "-",
                scores.normalizedAccuracy.formattedTo(4),
                scores.normalizedAccuracyError?.formattedTo(4) ?? "-")
        }
        return table.lines.joined(separator: "\n")
    }

    package var json: JSONValue {
        let tasks = rows.map { row in
            var members = row.scores.json
            members["task"] = .string(row.name)
            members["group"] = row.group.map(JSONValue.string)
            return JSONValue.object(members)
        }
        return .object(["shots": .integer(shots), "tasks": .array(tasks)])
    }

    /// Writes a JSON object a line for each question.
    package func writeAnswers(to path: String) throws {
        let lines = results.flatMap { task, results in
            results.map { result in
                var members = result.json
                members["task"] = .string(task.name)
                return JSONValue.object(members).text() + "\n"
            }
        }
        try FileWriter.write(Array(lines.joined().utf8), to: path)
    }

    private struct Row {
        let name: String
        let group: String?
        let scores: ChoiceScores
    }

    /// The tasks; before the first of a group the group as a whole.
    private var rows: [Row] {
        var (rows, groups): ([Row], Set<String>) = ([], [])
        for (task, results) in results {
            if let group = task.group, groups.insert(group).inserted {
                let all = self.results.filter { $0.task.group == group }.flatMap(\.results)
                rows.append(Row(name: group, group: nil, scores: ChoiceScores(all)))
            }
            rows.append(Row(name: task.name, group: task.group, scores: ChoiceScores(results)))
        }
        return rows
    }
}
