import Foundation
import Monitoring
import TemporaryFolders
import Testing
import Training

/// Whether a run goes well, in words.
@Suite struct RunVerdictTests {
    /// A loss over steps, with noise that is the same each time.
    private func history(
        _ count: Int = 400, noise: Double = 0.05, measure: String? = nil,
        _ loss: (Double) -> Double
    ) throws -> RunHistory {
        var state: UInt64 = 88_172_645_463_325_252
        let lines = (1...count).map { step -> String in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let chance = Double(state % 10_000) / 5_000 - 1
            let value = loss(Double(step)) + noise * chance
            return MetricsRecord.train(
                TrainingMetrics(
                    step: step, tokens: step, loss: measure == nil ? value : 0, learningRate: 1,
                    gradientNorm: 1, tokensPerSecond: 1,
                    seconds: ["total": 1, "compute": 0.75, "reduce": 0.25], peakMemoryBytes: 1,
                    measures: measure.map { [$0: value] } ?? [:])
            ).line
        }
        let folder = try TemporaryFolder()
        try folder.write(lines.joined(separator: "\n") + "\n", to: "metrics.jsonl")
        return try RunHistory(ofMetrics: folder("metrics.jsonl"))
    }

    private func first(_ history: RunHistory, of planned: Int? = nil) -> RunVerdict {
        history.verdicts(plannedCount: planned)[0]
    }

    @Test func aRunThatLearnsGoesWell() throws {
        let history = try history { 2 + 5 * exp(-$0 / 60) }
        #expect(first(history).text == "This run goes well." && history.kind == .good)
        let verdicts = history.verdicts(plannedCount: 400)
        #expect(verdicts.map(\.kind) == [.good, .good, .good])
        #expect(verdicts[0].text == "This run went well.")
        #expect(verdicts[1].text.contains("It is as unsure as between 7."))
        #expect(history.verdicts(plannedCount: 500)[2].text.hasPrefix("400 of 500 steps are done"))
    }

    @Test func aRunThatDivergesDoesNot() throws {
        let history = try history { $0 < 200 ? 2 + 5 * exp(-$0 / 40) : 2 + ($0 - 200) / 50 }
        #expect(first(history).text == "This run does not go well." && history.kind == .bad)
        #expect(first(history, of: 400).text == "This run did not go well.")
        #expect(history.verdicts(plannedCount: nil)[1].text.hasPrefix("The loss rises: it was 2."))
    }

    @Test func aFlatRunDoesNot() throws {
        let history = try history { _ in 6.93 }
        #expect(first(history).kind == .bad)
        #expect(history.verdicts(plannedCount: nil)[1].text.hasPrefix("The model hardly learns"))
    }

    /// A small fall of a loss that varies is neither good nor bad.
    @Test func whatVariesTooMuchIsNotJudged() throws {
        let history = try history(120, noise: 1) { 2 - $0 / 4000 }
        #expect(first(history).text == "It cannot be told yet whether this run goes well.")
    }

    @Test func aFewStepsAreTooEarly() throws {
        let history = try history(10) { 7 - $0 / 20 }
        #expect(first(history).text.hasPrefix("It is too early to say how this run goes"))
        #expect(first(history, of: 10).text == "This run went well.")
    }

    @Test func whatIsLearntByHeartOrWarnedOfWantsALook() throws {
        var history = try history { 2 + 5 * exp(-$0 / 60) }
        history.validations = [(100, 3), (200, 2.5), (400, 2.9)]
        #expect(first(history).text.hasPrefix("This run wants a look"))
        history.validations = []
        history.events = [.init(step: 20, message: "long ago", isWarning: true)]
        #expect(first(history).kind == .good)
        history.events.append(.init(step: 395, message: "just now", isWarning: true))
        #expect(first(history).kind == .note)
    }

    /// Steps whose loss was no number at the end are no end of a good run.
    @Test func aLossThatIsNoNumberIsBad() throws {
        var history = try history { 2 + 5 * exp(-$0 / 60) }
        history.nonFiniteCount = 3
        #expect(first(history).kind == .note)
        history.lastStep += 3
        #expect(first(history).kind == .bad)
    }

    @Test func rewardsCountWhereThereAreSome() throws {
        let better = try history(measure: "reward") { $0 / 1000 }
        #expect(better.kind == .good)
        #expect(better.verdicts(plannedCount: nil)[1].text.contains("have become better"))
        let worse = try history(measure: "reward") { 1 - $0 / 1000 }
        #expect(worse.kind == .bad)
    }

    @Test func thePartsOfAStepAreShares() throws {
        let page = ReportPage(ReportContent(title: "t", history: try history { 7 - $0 / 400 })).html
        #expect(page.contains("waiting for other ranks"))
        #expect(page.contains("</span>75.0 %</td>") && page.contains("</span>25.0 %</td>"))
    }
}
