/// What all pages have around their content: no script, no other file, nothing from a network.
struct PageFrame {
    /// Of the page and of its tab, where `kind` stands behind it.
    let title: String
    let kind: String
    /// What the page is, below its title.
    let subtitle: String
    var style = ""

    func html(_ sections: [String]) -> String {
        let title = PlainText.markup(PlainText.line(title))
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title): \(kind)</title>
            <style>
            \(ReportStyle.css)\(style)
            </style>
            </head>
            <body>
            <main>
            <h1>\(title)</h1>
            <p class="soft">\(PlainText.markup(subtitle))</p>
            \(sections.filter { !$0.isEmpty }.joined(separator: "\n"))
            </main>
            </body>
            </html>

            """
    }

    static func section(_ title: String, _ body: String) -> String {
        body.isEmpty ? "" : "<section>\n<h2>\(title)</h2>\n\(body)\n</section>"
    }

    static func tiles(_ facts: [ReportContent.Fact]) -> String {
        let tiles = facts.map { fact in
            "<div class=\"tile\"><span class=\"soft\">\(PlainText.markup(fact.name))</span>"
                + "<b>\(PlainText.markup(fact.value))</b></div>"
        }
        return tiles.isEmpty
            ? "" : "<div class=\"tiles\">\n\(tiles.joined(separator: "\n"))\n</div>"
    }

    /// A table; cells of text become markup, those that are markup already stay.
    static func table(_ heads: [String], _ rows: [[String]]) -> String {
        let head = heads.map { "<th scope=\"col\">\(PlainText.markup($0))</th>" }.joined()
        let body = rows.map { $0.map { "<td>\($0)</td>" }.joined() }
        return "<div class=\"box wide\"><table>\n"
            + ([head] + body).map { "<tr>\($0)</tr>" }.joined(separator: "\n")
            + "\n</table></div>"
    }

    /// A bar in a cell, and the number that it stands for.
    static func bar(_ share: Double, _ text: String) -> String {
        let width = (100 * min(1, max(0, share.isFinite ? share : 0))).rounded()
        return
            "<span class=\"bar\" aria-hidden=\"true\"><i style=\"width:\(Int(width))%\"></i></span>"
            + PlainText.markup(text)
    }
}
