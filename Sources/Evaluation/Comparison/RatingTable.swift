import Diagnostics
import JSON

/// How models stand after all comparisons: Elo and Bradley-Terry, each with the interval in which it lies in
/// 95 of 100 samples of the comparisons, drawn with replacement.
package struct RatingTable: Equatable, Sendable {
    /// A rating, and the interval; the latter nil where no samples were drawn.
    package struct Rating: Equatable, Sendable {
        package let value: Double
        package let low: Double?
        package let high: Double?

        var json: JSONValue {
            .object([
                "rating": .number(value), "low": low.map(JSONValue.number) ?? .null,
                "high": high.map(JSONValue.number) ?? .null,
            ])
        }

        var text: String {
            guard let low, let high else { return value.formattedTo(1) }
            return "\(value.formattedTo(1)) [\(low.formattedTo(1)), \(high.formattedTo(1))]"
        }
    }

    package struct Row: Equatable, Sendable {
        package let model: String
        package let comparisonCount: Int
        /// The average outcome, in per cent.
        package let winRate: Double
        /// Of its answers, in characters.
        package let meanLength: Double
        package let elo: Rating
        package let bradleyTerry: Rating
    }

    /// The models, the strongest by Bradley-Terry first.
    package let rows: [Row]
    /// What the model of each row wins of that of each column, in per cent; nil where they never met.
    package let winRates: [[Double?]]
    package let comparisonCount: Int
    /// Whether the outcomes bound the ratings of Bradley-Terry.
    package let isBounded: Bool
    /// Comparisons without an outcome, or of a model with itself.
    package let passedOverCount: Int
    package let contradictions: [(earlier: String, later: String)]

    /// Samples of the comparisons that intervals are made from.
    package static let usualRoundCount = 100

    package static func == (a: RatingTable, b: RatingTable) -> Bool { a.json == b.json }

    /// - Parameter roundCount: samples that are drawn; 0 for no intervals.
    /// - Throws: `Failure` where no two models were compared.
    package init(_ comparisons: [Comparison], roundCount: Int = usualRoundCount) throws {
        let matches = Matches(comparisons)
        guard !matches.all.isEmpty else {
            throw Failure(
                "there is nothing to rate", expected: "a comparison of two models with an outcome",
                got: "\(Quantity.count(comparisons.count, "comparison")) without",
                remedy: "name files with comparisons of different models")
        }
        let table = BradleyTerry(wins: matches.wins)
        let samples = (0..<roundCount).map { matches.sample($0) }
        let elo = Self.intervals(EloRating.ratings(matches), samples.map(EloRating.ratings))
        let strengths = Self.intervals(
            table.ratings, samples.map { BradleyTerry(wins: $0.wins).ratings })
        let met = matches.models.indices.filter { model in
            matches.all.contains { $0.first == model || $0.second == model }
        }
        let order = met.sorted { (strengths[$1].value, $0) < (strengths[$0].value, $1) }
        rows = order.map { model in
            let games = zip(table.wins[model], table.wins.map { $0[model] })
            let won = games.reduce(0) { $0 + $1.0 }
            let total = games.reduce(0) { $0 + $1.0 + $1.1 }
            return Row(
                model: matches.models[model], comparisonCount: Int(total.rounded()),
                winRate: 100 * won / total,
                meanLength: Self.meanLength(of: matches.models[model], comparisons),
                elo: elo[model], bradleyTerry: strengths[model])
        }
        winRates = order.map { model in
            order.map { other in
                let (won, lost) = (table.wins[model][other], table.wins[other][model])
                return won + lost > 0 ? 100 * won / (won + lost) : nil
            }
        }
        comparisonCount = matches.all.count
        passedOverCount = comparisons.count - matches.all.count
        isBounded = BradleyTerry(wins: met.map { a in met.map { table.wins[a][$0] } }).isBounded
        contradictions = comparisons.contradictions
    }

    private static func meanLength(of model: String, _ comparisons: [Comparison]) -> Double {
        let lengths = comparisons.flatMap { [$0.first, $0.second] }
            .filter { $0.model == model }.map { Double($0.length) }
        return lengths.reduce(0, +) / Double(max(1, lengths.count))
    }

    /// The ratings of each model with the quantiles 0.025 and 0.975 of samples.
    private static func intervals(_ values: [Double], _ samples: [[Double]]) -> [Rating] {
        values.enumerated().map { model, value in
            let sorted = samples.map { $0[model] }.sorted()
            return Rating(
                value: value, low: quantile(0.025, of: sorted), high: quantile(0.975, of: sorted))
        }
    }

    /// Between two values by their distances, as NumPy does; nil of none.
    private static func quantile(_ share: Double, of sorted: [Double]) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let place = share * Double(sorted.count - 1)
        let index = Int(place)
        let next = min(index + 1, sorted.count - 1)
        return sorted[index] + (place - Double(index)) * (sorted[next] - sorted[index])
    }
}

// MARK: What is told

extension RatingTable {
    package var text: String {
        var table = TextTable()
        table.add("model", "comparisons", "wins", "length", "Elo", "Bradley-Terry")
        for row in rows {
            table.add(
                row.model, "\(row.comparisonCount)", "\(row.winRate.formattedTo(1)) %",
                row.meanLength.formattedTo(0), row.elo.text, row.bradleyTerry.text)
        }
        return table.lines.joined(separator: "\n")
    }

    package var json: JSONValue {
        .object([
            "comparisons": .integer(comparisonCount), "passed_over": .integer(passedOverCount),
            "contradictions": .integer(contradictions.count), "bounded": .boolean(isBounded),
            "models": .array(
                rows.map { row in
                    .object([
                        "model": .string(row.model), "comparisons": .integer(row.comparisonCount),
                        "win_rate": .number(row.winRate), "mean_length": .number(row.meanLength),
                        "elo": row.elo.json, "bradley_terry": row.bradleyTerry.json,
                    ])
                }),
        ])
    }

    /// What is to be known of the ratings.
    package var warnings: [String] {
        var warnings: [String] = []
        if let first = contradictions.first {
            warnings.append(
                "\(Quantity.count(contradictions.count, "comparison")) of the same two answers "
                    + "\(contradictions.count == 1 ? "contradicts" : "contradict") an earlier one, "
                    + "and both count: the first at \(first.later), against \(first.earlier)")
        }
        if !isBounded {
            warnings.append(
                "some models have won everything, or nothing, of the others: the ratings of "
                    + "Bradley-Terry are as far apart as one likes, and say the order alone")
        }
        if passedOverCount > 0 {
            warnings.append(
                "\(Quantity.count(passedOverCount, "comparison")) without an outcome, or of a model "
                    + "with itself, \(passedOverCount == 1 ? "is" : "are") passed over")
        }
        return warnings
    }
}
