import Files

/// The report as a page that a browser shows without anything else.
package enum ReportPage {
    package static func write(_ report: CorpusReport, to path: String) throws {
        try PublishedFile.write(Array(page(report).utf8), to: path)
    }

    package static func page(_ report: CorpusReport) -> String {
        let counts = report.counts
        let parts = [
            "<p>\(escaped(report.summary)).</p>",
            table(
                "Documents", ["", "documents", "bytes"],
                [
                    ["read", "\(counts.read.documents)", "\(counts.read.bytes)"],
                    ["kept", "\(counts.kept.documents)", "\(counts.kept.bytes)"],
                ]),
            table(
                "Dropped, by reason", ["reason", "documents", "bytes"],
                counts.dropped.sorted {
                    ($1.value.documents, $0.key) < ($0.value.documents, $1.key)
                }
                .map { [$0.key, "\($0.value.documents)", "\($0.value.bytes)"] }),
            table(
                "Lengths of kept texts", ["characters from", "documents"], numbers(counts.lengths)),
            table("Clusters", ["kind and size", "clusters"], numbers(counts.clusterSizes)),
            table("Counts of steps", ["what", "times"], numbers(counts.counts)),
            table(
                "Sources", ["file", "bytes", "format"],
                report.sources.map { [$0.path, "\($0.bytes)", $0.format] }),
        ]
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Corpus report</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>
            :root { color-scheme: light dark }
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
            table { border-collapse: collapse } td, th { padding: .2rem .8rem; text-align: left }
            td + td { font-variant-numeric: tabular-nums } tr:nth-child(even) { background: #8882 }
            blockquote { border-left: 3px solid #888; margin: .5rem 0; padding: 0 1rem; overflow-wrap: anywhere }
            </style></head><body><h1>Corpus report</h1>
            \(parts.joined(separator: "\n"))
            <h2>Examples</h2>
            \(examples(counts))
            </body></html>

            """
    }

    private static func examples(_ counts: PieceStatistics) -> String {
        counts.examples.sorted { $0.key < $1.key }.map { reason, examples in
            let quotes = examples.map {
                "<blockquote>\(escaped($0.excerpt))<br><small>\(escaped($0.source))</small></blockquote>"
            }
            return "<details><summary>\(escaped(reason))</summary>\(quotes.joined())</details>"
        }.joined(separator: "\n")
    }

    /// Names with counts, those that are numbers in their order.
    private static func numbers(_ counts: [String: Int]) -> [[String]] {
        counts.sorted {
            guard let left = Int($0.key), let right = Int($1.key) else { return $0.key < $1.key }
            return left < right
        }.map { [$0.key, "\($0.value)"] }
    }

    private static func table(_ title: String, _ head: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "" }
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>"
        }
        let lines = [row(head, "th")] + rows.map { row($0, "td") }
        return "<h2>\(title)</h2>\n<table>\n\(lines.joined(separator: "\n"))\n</table>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
