/// Rows whose columns are under one another: the first to the left, the others to the right.
package struct TextTable {
    private var rows: [[String]] = []

    package init() {}

    package mutating func add(_ cells: String...) { add(cells) }

    package mutating func add(_ cells: [String]) { rows.append(cells) }

    package var lines: [String] {
        let columnCount = rows.map(\.count).max() ?? 0
        let widths = (0..<columnCount).map { column in
            rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            return "  " + cells.joined(separator: "   ")
        }
    }
}

/// Text of a shard as a report shows it.
package enum QuotedText {
    /// The first `limit` characters in quotes, on one line, without control characters; three dots
    /// mark that there is more.
    package static func line(_ text: String, limit: Int, isCut: Bool = false) -> String {
        let shown = text.prefix(limit)
        let escaped = shown.unicodeScalars.map { scalar in
            switch scalar {
            case "\n": "\\n"
            case "\t": "\\t"
            case _ where scalar.properties.generalCategory == .control: "\u{FFFD}"
            default: String(scalar)
            }
        }
        let isCut = isCut || shown.endIndex < text.endIndex
        return "\"\(escaped.joined())\"" + (isCut ? " ..." : "")
    }
}
