import JSON

/// How often a model's answers are better than those of another one.
///
/// The win rate is 100 times the average of outcomes, its standard error 100 times their deviation (of
/// n - 1) by the root of n. Source: AlpacaEval (Li et al., 2023).
package struct WinRate: Equatable, Sendable {
    /// In per cent.
    package let value: Double
    /// In per cent; nil of a single comparison.
    package let standardError: Double?
    package let winCount: Int
    package let lossCount: Int
    package let drawCount: Int
    /// In per cent, where an outcome above a half is a whole win.
    package let discreteValue: Double

    package var count: Int { winCount + lossCount + drawCount }

    /// - Parameter outcomes: from 0 to 1.
    /// - Precondition: there is one.
    package init(_ outcomes: [Double]) {
        precondition(!outcomes.isEmpty, "expected an outcome, got none")
        let count = Double(outcomes.count)
        value = 100 * outcomes.reduce(0, +) / count
        standardError =
            outcomes.count > 1
            ? 100 * Bootstrap.deviation(of: outcomes) / count.squareRoot() : nil
        winCount = outcomes.count { $0 > 0.5 }
        lossCount = outcomes.count { $0 < 0.5 }
        drawCount = outcomes.count - winCount - lossCount
        discreteValue = 100 * (Double(winCount) + Double(drawCount) / 2) / count
    }

    /// Whether the rate is above a half by more than a standard error.
    package var isWin: Bool { standardError.map { value - $0 > 50 } ?? false }

    package var members: [String: JSONValue] {
        [
            "win_rate": .number(value),
            "standard_error": standardError.map(JSONValue.number) ?? .null,
            "wins": .integer(winCount), "losses": .integer(lossCount),
            "draws": .integer(drawCount), "comparisons": .integer(count),
            "discrete_win_rate": .number(discreteValue),
        ]
    }
}
