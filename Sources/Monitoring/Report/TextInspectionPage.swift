import Diagnostics
import Foundation

/// A text as a model sees it, as one page of HTML: for teaching.
package struct TextInspectionPage {
    private let content: TextInspection

    package init(_ content: TextInspection) { self.content = content }

    private static let style = """

        .text{white-space:pre-wrap;overflow-wrap:anywhere;font:18px/1.9 ui-monospace,monospace;
        unicode-bidi:isolate}
        .text span{padding:.15rem 0;border-radius:.2rem}
        .q0{background:#1a7f3733}.q1{background:#9a9a2a33}.q2{background:#d9a02b55}
        .q3{background:#c2570c66}.q4{background:#c0272d99}
        code{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate}
        .bar{width:5rem}
        .key span{display:inline-block;padding:.1rem .5rem;margin-right:.4rem;border-radius:.2rem}
        """

    package var html: String {
        PageFrame(
            title: content.model, kind: "a text as the model sees it",
            subtitle: "What a model expects at each token of a text", style: Self.style
        ).html([tiles, text, table, next, neighbours])
    }

    private var tiles: String {
        var facts = [ReportContent.Fact("tokens", "\(content.tokens.count)")]
        if let loss = content.meanLoss {
            facts.append(ReportContent.Fact("loss, in nats a token", loss.formattedTo(3)))
            facts.append(ReportContent.Fact("perplexity", exp(loss).formattedTo(2)))
        }
        return PageFrame.tiles(facts)
    }

    private var text: String {
        let spans = content.tokens.map { token in
            let style = token.shade.map { " class=\"q\($0)\"" } ?? ""
            return "<span\(style) title=\"\(title(of: token))\">\(markup(token.text))</span>"
        }
        let key = ["expected", "likely", "possible", "unlikely", "a surprise"].enumerated()
            .map { "<span class=\"q\($0)\">\($1)</span>" }.joined()
        return PageFrame.section(
            "The text",
            "<p class=\"key\">\(key)</p>\n<div class=\"box text\">\(spans.joined())</div>\n"
                + "<p class=\"soft\">The loss of a token is minus the logarithm of the probability "
                + "that the model gave it: 0 where it was certain of it.</p>")
    }

    private func title(of token: TextInspection.Token) -> String {
        guard let loss = token.loss, let probability = token.probability else {
            return "token \(token.id): nothing stands before it"
        }
        return "token \(token.id): probability \(TextInspection.percent(probability)), "
            + "loss \(loss.formattedTo(3))"
    }

    private var table: String {
        let highest = max(1, content.tokens.compactMap(\.loss).max() ?? 1)
        let rows = content.tokens.map { token in
            [
                code(token.text), "\(token.id)",
                token.probability.map { PageFrame.bar($0, TextInspection.percent($0)) } ?? "",
                token.loss.map { PageFrame.bar($0 / highest, $0.formattedTo(3)) } ?? "",
                list(token.likeliest) { TextInspection.percent($0) },
            ]
        }
        return PageFrame.section(
            "Token by token",
            PageFrame.table(["token", "id", "probability", "loss", "likeliest here"], rows))
    }

    private var next: String {
        let rows = content.next.map {
            [code($0.text), PageFrame.bar($0.value, TextInspection.percent($0.value))]
        }
        return PageFrame.section(
            "What comes after the text",
            rows.isEmpty ? "" : PageFrame.table(["token", "probability"], rows))
    }

    private var neighbours: String {
        let rows = content.neighbours.map { entry in
            [code(entry.token), list(entry.nearest) { $0.formattedTo(2) }]
        }
        guard !rows.isEmpty else { return "" }
        return PageFrame.section(
            "Neighbours in the embedding",
            "<p class=\"soft\">Each token is a vector. These point most nearly the same way: the "
                + "number is the cosine of the angle, 1 for the same direction.</p>\n"
                + PageFrame.table(["token", "nearest"], rows))
    }

    private func list(
        _ candidates: [TextInspection.Candidate], _ number: (Double) -> String
    ) -> String {
        candidates.map { code($0.text) + " <span class=\"soft\">\(number($0.value))</span>" }
            .joined(separator: " &nbsp; ")
    }

    private func markup(_ text: String) -> String { PlainText.markup(text) }

    /// A token with its spaces and line breaks to be seen.
    private func code(_ text: String) -> String {
        let shown = PlainText.visible(text).replacing("\n", with: "\u{21B5}")
            .replacing("\t", with: "\u{21E5}").replacing(" ", with: "\u{2423}")
        return "<code>\(PlainText.markup(shown))</code>"
    }
}
