import Diagnostics
import Evaluation
import Foundation

/// A leaderboard of models as one page of HTML.
package struct LeaderboardPage {
    private let table: RatingTable
    private let title: String
    private let sources: [String]

    /// - Parameter sources: the files that the comparisons come from.
    package init(_ table: RatingTable, title: String, sources: [String]) {
        (self.table, self.title, self.sources) = (table, title, sources)
    }

    package var html: String {
        PageFrame(
            title: title, kind: "a leaderboard",
            subtitle: "How models stand by comparisons of their answers"
        ).html([PageFrame.tiles(facts), notes, ratings, winRates])
    }

    private var facts: [ReportContent.Fact] {
        [
            ReportContent.Fact("models", "\(table.rows.count)"),
            ReportContent.Fact("comparisons", "\(table.comparisonCount)"),
            ReportContent.Fact("the strongest", table.rows.first?.model ?? ""),
        ]
    }

    private var notes: String {
        let items = table.warnings.map { "<li class=\"bad\">\(PlainText.markup($0))</li>" }
        let read = sources.map { "<li>from \(PlainText.markup(PlainText.line($0)))</li>" }
        return "<ul class=\"verdicts\">\n\((items + read).joined(separator: "\n"))\n</ul>"
    }

    /// The bars begin a little below the weakest.
    private var ratings: String {
        let values = table.rows.map(\.bradleyTerry.value)
        let (low, high) = (values.min() ?? 0, values.max() ?? 1)
        let rows = table.rows.enumerated().map { place, row in
            let share = high > low ? 0.05 + 0.95 * (row.bradleyTerry.value - low) / (high - low) : 1
            return [
                "\(place + 1)", PlainText.markup(PlainText.line(row.model)),
                PageFrame.bar(share, Self.rating(row.bradleyTerry)),
                PlainText.markup(Self.rating(row.elo)), "\(row.winRate.formattedTo(1)) %",
                "\(row.comparisonCount)", row.meanLength.formattedTo(0),
            ]
        }
        return PageFrame.section(
            "Ratings",
            "<p class=\"soft\">Bradley-Terry finds the strengths that make all outcomes likeliest, "
                + "whatever their order; Elo moves with each comparison, the last count most. 400 "
                + "points more win ten times as often. In brackets the interval that 95 of 100 "
                + "samples of the comparisons fall into: models whose intervals overlap are not "
                + "told apart yet.</p>\n"
                + PageFrame.table(
                    [
                        "", "model", "Bradley-Terry", "Elo", "win rate", "comparisons",
                        "mean length",
                    ], rows))
    }

    private static func rating(_ rating: RatingTable.Rating) -> String {
        guard let low = rating.low, let high = rating.high else {
            return rating.value.formattedTo(0)
        }
        return "\(rating.value.formattedTo(0)) [\(low.formattedTo(0)), \(high.formattedTo(0))]"
    }

    private var winRates: String {
        let names = table.rows.map { PlainText.line($0.model) }
        let rows = zip(table.rows, table.winRates).map { row, rates in
            [PlainText.markup(PlainText.line(row.model))]
                + rates.map { $0.map { "\($0.formattedTo(0)) %" } ?? "" }
        }
        return PageFrame.section(
            "Who beats whom",
            "<p class=\"soft\">What the model of a row wins of that of a column; a draw is half a "
                + "win.</p>\n" + PageFrame.table([""] + names, rows))
    }
}
