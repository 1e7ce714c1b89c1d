import Diagnostics
import Evaluation
import Files
import Foundation
import JSON

/// What a comparison of two models found.
package struct PairwiseReport: Sendable {
    /// How far a model has gone from another one, estimated from its own answers: the divergence KL(p | q)
    /// is the average of log p - log q over them.
    struct Divergence: Sendable {
        let ratios: [Double]
        let tokenCount: Int

        /// In nats.
        var perAnswer: Double { ratios.reduce(0, +) / Double(max(1, ratios.count)) }
        var perToken: Double { ratios.reduce(0, +) / Double(max(1, tokenCount)) }
    }

    /// With their outcomes.
    package let comparisons: [Comparison]
    package let winRate: WinRate
    private let lengthControl: LengthControl?
    private let divergence: Divergence?
    private let meanTokens: (first: Double, second: Double)?
    private let verdict: PairwiseJudge.Verdict

    /// - Parameters:
    ///   - pairs: in each, the first answer is that of the model which is measured.
    ///   - tokenCounts: of all answers.
    init(
        _ pairs: [Comparison], _ verdict: PairwiseJudge.Verdict,
        tokenCounts: (first: [Int], second: [Int])?, divergence: Divergence?
    ) throws {
        var pairs = pairs
        for index in pairs.indices { pairs[index].outcome = verdict.judgements[index].outcome }
        let outcomes = pairs.compactMap(\.outcome)
        guard !outcomes.isEmpty else {
            throw Failure(
                "nothing was compared", expected: "at least one pair with an outcome", got: "none")
        }
        comparisons = pairs
        winRate = WinRate(outcomes)
        lengthControl = LengthControl(pairs)
        (self.verdict, self.divergence) = (verdict, divergence)
        func mean(_ counts: [Int]) -> Double {
            Double(counts.reduce(0, +)) / Double(max(1, counts.count))
        }
        meanTokens = tokenCounts.map { (mean($0.first), mean($0.second)) }
    }

    /// A comparison by the ratings of people.
    ///
    /// - Parameters:
    ///   - comparisons: of any models.
    ///   - candidate: the name of the one that is measured, as the file has it.
    /// - Throws: `Failure` where the two were never compared.
    package init(
        ratings comparisons: [Comparison], of candidate: String, against other: String
    ) throws {
        let pairs = comparisons.compactMap { one -> Comparison? in
            var one = one
            if one.first.model == other, one.second.model == candidate {
                (one.first, one.second) = (one.second, one.first)
                one.outcome = one.outcome.map { 1 - $0 }
            }
            return one.first.model == candidate && one.second.model == other ? one : nil
        }
        guard pairs.contains(where: { $0.outcome != nil }), candidate != other else {
            throw Failure(
                "the ratings compare no answers of these two models",
                expected: "\(candidate) and \(other)",
                got: "answers of " + comparisons.models.prefix(20).joined(separator: ", "),
                remedy: "name two of them", kind: .usage)
        }
        let judgements = pairs.map { pair in
            pair.outcome.map { Judgement(shownFirst: $0, shownLast: $0) } ?? .none
        }
        try self.init(
            pairs, .init(judgements: judgements, kind: "people"), tokenCounts: nil, divergence: nil)
    }

    // MARK: What is told

    private var names: (first: String, second: String) {
        (comparisons[0].first.model, comparisons[0].second.model)
    }

    private func meanLength(_ answer: KeyPath<Comparison, Comparison.Answer>) -> Double {
        Double(comparisons.reduce(0) { $0 + $1[keyPath: answer].length })
            / Double(comparisons.count)
    }

    /// Pairs that the judge could not tell apart in the wanted form.
    private var unjudgedCount: Int { comparisons.count - winRate.count }

    /// By how much an answer fares better where it is shown first; nil where no order is shown.
    private var positionBias: Double? {
        guard ["language model", "command"].contains(verdict.kind) else { return nil }
        let biases = verdict.judgements.compactMap(\.bias)
        return biases.isEmpty ? nil : biases.reduce(0, +) / Double(biases.count)
    }

    package var warnings: [String] {
        var warnings: [String] = []
        if unjudgedCount > 0 {
            warnings.append(
                "the judge gave no preference for \(unjudgedCount) of "
                    + "\(Quantity.count(comparisons.count, "pair")); they do not count")
        }
        if let first = comparisons.contradictions.first {
            warnings.append(
                "ratings contradict each other, and all count: the first at \(first.later), against "
                    + first.earlier)
        }
        return warnings
    }

    package var text: String {
        var table = TextTable()
        func add(_ name: String, _ value: String) { table.add(name, value) }
        func plusMinus(_ value: Double, _ error: Double?) -> String {
            "\(value.formattedTo(2)) %" + (error.map { " +- \($0.formattedTo(2))" } ?? "")
        }
        add("\(names.first) against \(names.second)", "")
        add("win rate", plusMinus(winRate.value, winRate.standardError))
        if let lengthControl {
            add(
                "with lengths controlled",
                plusMinus(lengthControl.winRate, lengthControl.standardError))
        }
        add(
            "wins, losses, draws",
            "\(winRate.winCount), \(winRate.lossCount), \(winRate.drawCount)")
        add(
            "mean length, characters",
            "\(meanLength(\.first).formattedTo(0)), \(meanLength(\.second).formattedTo(0))")
        if let divergence {
            add("divergence, nats a token", divergence.perToken.formattedTo(4))
        }
        if let scores = verdict.scores {
            add("mean score", "\(scores.first.formattedTo(3)), \(scores.second.formattedTo(3))")
        }
        if let positionBias { add("gain of the first place", positionBias.formattedTo(3)) }
        return table.lines.joined(separator: "\n")
    }

    /// One object for all figures; those that are not known are null.
    package var json: JSONValue {
        func optional(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
        var members = winRate.members
        members["model"] = .string(names.first)
        members["against"] = .string(names.second)
        members["judge"] = .string(verdict.kind)
        members["unjudged"] = .integer(unjudgedCount)
        members["length_controlled_win_rate"] = optional(lengthControl?.winRate)
        members["length_controlled_standard_error"] = optional(lengthControl?.standardError)
        members["mean_length"] = .number(meanLength(\.first))
        members["mean_length_against"] = .number(meanLength(\.second))
        members["mean_tokens"] = optional(meanTokens?.first)
        members["mean_tokens_against"] = optional(meanTokens?.second)
        members["kl"] = optional(divergence?.perToken)
        members["kl_per_answer"] = optional(divergence?.perAnswer)
        members["mean_score"] = optional(verdict.scores?.first)
        members["mean_score_against"] = optional(verdict.scores?.second)
        members["position_bias"] = optional(positionBias)
        return .object(members)
    }

    /// Writes a line for each comparison, in the form of AlpacaEval, which `ratings` reads.
    package func writeComparisons(to path: String) throws {
        let lines = comparisons.map { $0.json.text() + "\n" }
        try FileWriter.write(Array(lines.joined().utf8), to: path)
    }
}
