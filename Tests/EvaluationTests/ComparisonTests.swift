import Diagnostics
import Evaluation
import Foundation
import JSON
import Testing

/// Win rates and ratings. The expected figures are those of alpaca_eval 0.6.6, scikit-learn 1.9 and choix 0.4.1
/// on the same comparisons; `Tests/Scripts/check_ratings.py` compares more of them.
@Suite struct ComparisonTests {
    /// Sixty pairs of two models, with lengths and difficulties that decide a little.
    private static func pairs(hasDifficulties: Bool = false) -> [Comparison] {
        (0..<60).map { number in
            let lengths = [20 + number * 37 % 90, 25 + number * 53 % 100]
            let difficulty = Double(number * 17 % 23) / 10 - 1
            let value =
                0.40 + 0.005 * Double(lengths[1] - lengths[0]) - 0.15 * difficulty
                + Double(number * 29 % 41 - 20) / 60
            var pair = Comparison(
                prompt: .integer(number),
                first: .init(model: "tuned", text: String(repeating: "a", count: lengths[1])),
                second: .init(model: "base", text: String(repeating: "é", count: lengths[0])),
                outcome: (100 * min(1, max(0, value))).rounded(.toNearestOrEven) / 100,
                place: "pair \(number)")
            if number == 7 { pair.outcome = 0.5 }
            if hasDifficulties { pair.difficulty = difficulty }
            return pair
        }
    }

    /// Sixty matches of four models, with draws.
    private static let matches = (0..<60).map { number in
        let a = number % 4
        let b = (a + 1 + number / 4 % 3) % 4
        let isWon = number * 37 % 17 < 8 + 2 * (a - b)
        return Comparison(
            prompt: .integer(number), first: .init(model: "m\(a)", text: "yes"),
            second: .init(model: "m\(b)", text: "no"),
            outcome: number % 7 == 0 ? 0.5 : isWon ? 1 : 0, place: "match \(number)")
    }

    /// Sums in another order.
    private static let tolerance = 1e-9

    @Test func winRateIsThatOfAlpacaEval() {
        let rate = WinRate(Self.pairs().compactMap(\.outcome))
        #expect(abs(rate.value - 42.56666666666667) < Self.tolerance)
        #expect(abs((rate.standardError ?? 0) - 3.5733134116992527) < Self.tolerance)
        #expect(rate.winCount == 23 && rate.lossCount == 36 && rate.drawCount == 1)
        #expect(abs(rate.discreteValue - 39.166666666666664) < Self.tolerance)
        #expect(!rate.isWin)
        #expect(WinRate([1]).standardError == nil && !WinRate([1]).isWin)
        #expect(WinRate([1, 1, 1, 1, 0]).isWin)
        #expect(!WinRate([1, 1, 1, 0]).isWin, "75 +- 25")
        #expect(!WinRate([1, 1, 0, 0.5]).isWin)
    }

    /// Those of liblinear where it goes on to the end (tol 1e-10).
    @Test(arguments: [(false, 38.308900961758354), (true, 38.292470706474205)])
    func lengthControlIsThatOfAlpacaEval(hasDifficulties: Bool, expected: Double) throws {
        let control = try #require(
            LengthControl(Self.pairs(hasDifficulties: hasDifficulties)))
        #expect(abs(control.winRate - expected) < 1e-4)
        #expect(control.weights.count == (hasDifficulties ? 3 : 2))
        #expect(control.weights[0] > 1, "longer answers were preferred")
        #expect(control.standardError > 1 && control.standardError < 10)
    }

    @Test func lengthControlOfEqualLengthsIsTheWinRate() throws {
        let pairs = Self.pairs().map { pair in
            var pair = pair
            (pair.first.text, pair.second.text) = ("abc", "def")
            return pair
        }
        let control = try #require(LengthControl(pairs))
        let rate = WinRate(pairs.compactMap(\.outcome)).value
        #expect(abs(control.winRate - rate) < 0.2)
        #expect(LengthControl(Array(pairs.prefix(4))) == nil)
    }

    @Test func ratingsAreThoseOfTheFormulas() throws {
        let table = try RatingTable(Self.matches)
        let rows = Dictionary(uniqueKeysWithValues: table.rows.map { ($0.model, $0) })
        let elo = [984.1527154660412, 988.9411268465393, 998.1033259334098, 1028.8028317540097]
        let strengths = [
            913.245001875956, 941.9435173104698, 988.7125848414696, 1156.0988959721046,
        ]
        for number in 0..<4 {
            let row = try #require(rows["m\(number)"])
            #expect(row.elo.value == elo[number])
            #expect(abs(row.bradleyTerry.value - strengths[number]) < 1e-3)
            #expect(row.comparisonCount == 30)
            let (low, high) = try (#require(row.bradleyTerry.low), #require(row.bradleyTerry.high))
            #expect(low < row.bradleyTerry.value && row.bradleyTerry.value < high)
            #expect(try #require(row.elo.low) < #require(row.elo.high))
        }
        #expect(table.rows.map(\.model) == ["m3", "m2", "m1", "m0"])
        #expect(table.isBounded && table.warnings.isEmpty)
        for a in 0..<4 {
            #expect(table.winRates[a][a] == nil)
            for b in 0..<4 where a != b {
                let sum = try #require(table.winRates[a][b]) + #require(table.winRates[b][a])
                #expect(abs(sum - 100) < Self.tolerance)
            }
        }
        #expect(try RatingTable(Self.matches) == table)
        #expect(try RatingTable(Self.matches, roundCount: 0).rows.allSatisfy { $0.elo.low == nil })
    }

    @Test func aModelThatNeverLosesIsSaidToBeWithoutBounds() throws {
        let wins = (0..<6).map { number in
            Comparison(
                prompt: .integer(number), first: .init(model: "good", text: "a"),
                second: .init(model: "bad", text: "b"), outcome: 1, place: "line \(number)")
        }
        let table = try RatingTable(wins)
        #expect(!table.isBounded)
        #expect(table.warnings.contains { $0.contains("won everything, or nothing") })
        #expect(table.rows.map(\.model) == ["good", "bad"])
        #expect(table.rows.allSatisfy { $0.bradleyTerry.value.isFinite })
    }

    @Test func comparisonsThatContradictAreCountedAndTold() throws {
        func match(_ a: String, _ b: String, _ outcome: Double, _ place: String) -> Comparison {
            Comparison(
                prompt: "same", first: .init(model: a, text: "text of \(a)"),
                second: .init(model: b, text: "text of \(b)"), outcome: outcome, place: place)
        }
        let table = try RatingTable([
            match("a", "b", 1, "line 1"), match("b", "a", 1, "line 2"),
            match("a", "b", 0.5, "line 3"),
        ])
        #expect(table.contradictions.count == 1)
        #expect(
            table.warnings == [
                "1 comparison of the same two answers contradicts an earlier one, and both count: the "
                    + "first at line 2, against line 1"
            ])
    }

    @Test func nothingIsRatedByComparisonsOfAModelWithItself() {
        var pair = Self.pairs()[0]
        pair.second.model = "tuned"
        #expect(throws: Failure.self) { try RatingTable([pair]) }
        pair = Self.matches[0]
        pair.outcome = nil
        #expect(throws: Failure.self) { try RatingTable([pair]) }
    }

    // MARK: Files

    private func read(_ text: String) throws -> [Comparison] {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "comparisons-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(filePath: path))
        return try ComparisonFile(path: path).comparisons()
    }

    @Test func bothKindsOfRecordsAreRead() throws {
        let found = try read(
            #"""
            {"messages": [{"role": "user", "content": "q"}], "a": {"model": "m", "adapter": "x", "text": "1"}, "b": {"model": "m", "adapter": null, "text": "2"}, "rating": "a"}
            {"messages": [{"role": "user", "content": "q"}], "a": {"model": "m", "text": "1"}, "b": {"model": "n", "text": "2"}, "rating": "both_bad"}
            {"instruction": "q", "output_1": "one", "generator_1": "base", "output_2": "two", "generator_2": "tuned", "preference": 1.25, "instruction_difficulty": 0.5}
            {"instruction": "q", "output_1": "one", "generator_1": "base", "output_2": "two", "generator_2": "tuned", "preference": 0}
            {"instruction": "q", "output_1": "one", "generator_1": "base", "output_2": "two", "generator_2": "tuned", "preference": null}
            """#)
        #expect(found.map(\.outcome) == [1, 0.5, 0.25, 0.5, nil])
        #expect(found.models == ["m+x", "m", "n", "tuned", "base"])
        #expect(found[2].first.text == "two" && found[2].difficulty == 0.5)
        let again = try read(found[2].json.text())
        #expect(again[0].outcome == 0.25 && again[0].second == found[2].second)
    }

    @Test(arguments: [
        ("", "there is no comparison"),
        (#"{"rating": "c"}"#, "expected a, b, tie or both_bad as rating, got"),
        (#"{"rating": "a", "messages": []}"#, "expected a list of messages"),
        (
            #"{"rating": "a", "messages": [{}], "a": {"model": "m"}, "b": {}}"#,
            "expected an answer with a text as a"
        ),
        (
            #"{"rating": "a", "messages": [{}], "a": {"text": "t", "model": null}}"#,
            "expected the name of a model in a"
        ),
        (#"{"prompt": "p"}"#, "instruction, output_1, output_2"),
        (
            #"{"preference": 3, "output_1": "", "output_2": ""}"#,
            "expected a number from 1 to 2, 0 for a draw, or null, as preference, got 3"
        ),
        (#"{"preference": 1}"#, "expected a text as output_2, got no such field"),
    ])
    func wrongRecordsAreRefusedWithTheirPlace(text: String, message: String) throws {
        let failure = try #require(throws: Failure.self) { try read(text) }
        #expect(failure.line.contains(message), "\(failure.line)")
        #expect(failure.line.contains(".jsonl"))
    }
}
