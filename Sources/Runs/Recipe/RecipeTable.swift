import Options

/// The table of all keys of a recipe, made from the fields of its blocks.
package enum RecipeTable {
    private static let header = ["key", "value", "default", "phases that obey it"]

    /// The table in Markdown, one line a key.
    package static var markdown: String {
        let lines = [header, header.map { _ in "---" }] + rows.map(marked)
        return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    /// The table in columns, one line a key.
    package static var text: String {
        let rows = [header] + rows
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).dropLast().map { cell, width in
                cell + String(repeating: " ", count: width - cell.count + 2)
            }.joined() + row[header.count - 1]
        }.joined(separator: "\n")
    }

    private static var rows: [[String]] {
        let standard = Recipe()
        return Recipe.keys.map { key in
            [key.path, key.expectation, key.read(standard).description, phases(of: key)]
        }
    }

    private static func phases(of key: RecipeKey) -> String {
        guard let phases = key.phases else { return "all" }
        return Recipe.Phase.allCases.filter(phases.contains).map(\.rawValue)
            .joined(separator: ", ")
    }

    /// A row with its key and its default as code.
    private static func marked(_ row: [String]) -> [String] {
        ["`\(row[0])`", row[1].replacing("|", with: "\\|"), "`\(row[2])`", row[3]]
    }
}
