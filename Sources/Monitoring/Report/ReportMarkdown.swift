import Diagnostics

/// A report as Markdown, for the card of a model.
package struct ReportMarkdown {
    private let content: ReportContent

    package init(_ content: ReportContent) { self.content = content }

    package var text: String {
        let parts = [
            "# \(PlainText.markdown(content.title))", facts, figures, verdicts, plan, times, recipe,
            samples,
            evaluations, usage,
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    private func section(_ title: String, _ body: [String], _ separator: String = "\n") -> String {
        body.isEmpty ? "" : "## \(title)\n\n" + body.joined(separator: separator)
    }

    private func table(_ head: [String], _ rows: [[String]]) -> [String] {
        guard !rows.isEmpty else { return [] }
        return ([head, head.map { _ in "---" }] + rows.map { $0.map(PlainText.markdown) })
            .map { "| " + $0.joined(separator: " | ") + " |" }
    }

    private var facts: String {
        section(
            "What was trained on what",
            content.facts.map {
                "- \(PlainText.markdown($0.name)): \(PlainText.markdown($0.value))"
            })
    }

    private var figures: String {
        section(
            "At a glance",
            table(["figure", "value"], ReportFigures(content).tiles.map { [$0.name, $0.value] }))
    }

    private var verdicts: String {
        content.history.verdicts(plannedCount: content.plannedStepCount)
            .map { "- \(PlainText.markdown($0.text))" }.joined(separator: "\n")
    }

    private var recipe: String {
        guard !content.recipe.isEmpty else { return "" }
        return section(
            "Recipe, where it differs from the defaults",
            [PlainText.block(content.recipe.trimmingSuffix("\n"), "yaml")])
    }

    private var samples: String {
        section(
            "What the model writes",
            content.samples.map { PlainText.block($0.prompt + $0.text) }, "\n\n")
    }

    private var evaluations: String {
        let rows = content.evaluations.map { evaluation in
            [
                evaluation.step.map(String.init) ?? "", evaluation.data,
                evaluation.figures.map { "\($0.name) \($0.value)" }.joined(separator: ", "),
            ]
        }
        return section("Evaluations", table(["step", "data", "figures"], rows))
    }

    private var plan: String {
        section(
            "The plan, and what came of it",
            table(ReportContent.Comparison.heads, content.comparisons.map(\.cells)))
    }

    private var times: String {
        guard let times = content.times.map(ReportTimes.init) else { return "" }
        let sentence = times.summary.sentence.map { [PlainText.markdown($0) + ".", ""] } ?? []
        return section(times.title, sentence + table(times.heads, times.rows))
    }

    private var usage: String {
        section(
            "How to use the model",
            content.usage.map {
                "\(PlainText.markdown($0.purpose)):\n\n\(PlainText.block($0.command, "sh"))"
            }, "\n\n")
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: Character) -> String {
        var text = self[...]
        while text.last == suffix { text.removeLast() }
        return String(text)
    }
}
