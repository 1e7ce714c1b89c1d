import Diagnostics
import Foundation

/// A report as one page of HTML: no script, no other file, nothing from a network.
package struct ReportPage {
    private let content: ReportContent

    package init(_ content: ReportContent) { self.content = content }

    package var html: String {
        PageFrame(
            title: content.title, kind: "report of a run",
            subtitle: "Report of a training run of swift-llm-train"
        ).html(sections)
    }

    private var sections: [String] {
        [
            verdicts, tiles, charts, facts, plan, parts, times, recipe, samples, evaluations, usage,
            gaps,
        ]
    }

    private func text(_ text: String) -> String { PlainText.markup(text) }

    private func section(_ title: String, _ body: String) -> String {
        PageFrame.section(title, body)
    }

    private var tiles: String {
        section("At a glance", PageFrame.tiles(ReportFigures(content).tiles))
    }

    private var verdicts: String {
        let items = content.history.verdicts(plannedCount: content.plannedStepCount).map {
            "<li class=\"\($0.kind.rawValue)\">\(text($0.text))</li>"
        }
        return "<ul class=\"verdicts\">\n\(lines(items))\n</ul>"
    }

    private var charts: String {
        let figures = ReportChart.all(content.history).compactMap { chart -> String? in
            guard let svg = chart.chart.svg else { return nil }
            let legend = chart.chart.lines.map {
                "<span><i class=\"\($0.style)\"></i>\(text($0.name))</span>"
            }
            return """
                <figure>
                <h3>\(text(chart.chart.title))</h3>
                <div class="legend">\(chart.chart.lines.count > 1 ? legend.joined() : "")</div>
                \(svg)
                <figcaption>What it is: \(text(chart.meaning)). Good looks like: \(text(chart.good)).</figcaption>
                </figure>
                """
        }
        return section(
            "How it went",
            figures.isEmpty ? "" : "<div class=\"charts\">\n\(lines(figures))\n</div>")
    }

    private var facts: String { section("What was trained on what", list(content.facts)) }

    private func list(_ facts: [ReportContent.Fact]) -> String {
        guard !facts.isEmpty else { return "" }
        let rows = facts.map { "<dt>\(text($0.name))</dt><dd>\(text($0.value))</dd>" }
        return "<dl class=\"box\">\n\(lines(rows))\n</dl>"
    }

    private var recipe: String {
        guard !content.recipe.isEmpty else { return "" }
        return section(
            "Recipe, where it differs from the defaults",
            "<pre class=\"box\">\(text(content.recipe))</pre>")
    }

    private var samples: String {
        let boxes = content.samples.map { sample in
            let step = sample.step.map { "After \(Quantity.count($0, "step"))" } ?? "A sample"
            return "<div class=\"box\"><span class=\"soft\">\(step)</span><pre>"
                + "<mark>\(text(sample.prompt))</mark>\(text(sample.text))</pre></div>"
        }
        return section("What the model writes", lines(boxes))
    }

    private var evaluations: String {
        let names = content.evaluations.flatMap { $0.figures.map(\.name) }
            .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        guard !names.isEmpty else { return "" }
        let rows = content.evaluations.map { evaluation in
            let cells = names.map { name in
                evaluation.figures.first { $0.name == name }?.value ?? ""
            }
            return [evaluation.step.map(String.init) ?? "", evaluation.data] + cells
        }
        return section("Evaluations", table(["step", "data"] + names, rows))
    }

    private func table(_ heads: [String], _ rows: [[String]]) -> String {
        PageFrame.table(heads, rows.map { $0.map(text) })
    }

    private var plan: String {
        guard !content.comparisons.isEmpty else { return "" }
        return section(
            "The plan, and what came of it",
            table(ReportContent.Comparison.heads, content.comparisons.map(\.cells)))
    }

    private var parts: String {
        let rows = content.history.partShares.map { part, share in
            [text(part.words), PageFrame.bar(share, "\((100 * share).formattedTo(1)) %")]
        }
        return rows.isEmpty
            ? ""
            : section("Where the time of the first rank went", PageFrame.table(["", ""], rows))
    }

    private var times: String {
        guard let times = content.times.map(ReportTimes.init) else { return "" }
        let sentence = times.summary.sentence.map { "<p>\(text($0)).</p>\n" } ?? ""
        return section(
            text(times.title),
            sentence + table(times.heads, times.rows)
                + "\n<p class=\"soft\">trace.json shows them one by one: open it in "
                + "ui.perfetto.dev or chrome://tracing.</p>")
    }

    private var usage: String {
        let boxes = content.usage.map {
            "<div class=\"box\"><span class=\"soft\">\(text($0.purpose))</span>"
                + "<pre>\(text($0.command))</pre></div>"
        }
        return section("How to use the model", lines(boxes))
    }

    private var gaps: String {
        let items = content.gaps.map { "<li>\(text($0))</li>" }
        return section(
            "What could not be read", items.isEmpty ? "" : "<ul>\n\(lines(items))\n</ul>")
    }

    private func lines(_ parts: [String]) -> String { parts.joined(separator: "\n") }
}
