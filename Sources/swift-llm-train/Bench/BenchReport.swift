import Foundation
import JSON

/// What a benchmark found, for people and for programs.
protocol BenchReport {
    var text: String { get }
    /// One object; keys are never renamed, new ones may come.
    var json: JSONValue { get }
}

/// Rows whose columns stand under one another: the first to the left, the others to the right.
struct BenchTable {
    private var rows: [[String]] = []

    mutating func add(_ cells: String...) { rows.append(cells) }

    var lines: [String] {
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

extension Double {
    /// "43.2 %".
    var percent: String { formattedTo(1) + " %" }

    func formattedTo(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}
