import Foundation
import Monitoring
import TemporaryFolders
import Testing
import Training

@Suite struct RunHistoryTests {
    private func train(_ step: Int, loss: Double) -> String {
        MetricsRecord.train(
            TrainingMetrics(
                step: step, tokens: 64 * step, loss: loss, learningRate: 0.25, gradientNorm: 1.5,
                tokensPerSecond: 1000, seconds: ["total": 0.5], peakMemoryBytes: 1 << 30)
        ).line
    }

    private func history(_ text: String) throws -> RunHistory {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "metrics.jsonl")
        return try RunHistory(ofMetrics: folder("metrics.jsonl"))
    }

    @Test func holdsWhatTheRunWrote() throws {
        let lines =
            (1...100).map { train($0, loss: 5 - Double($0) / 50) }
            + [
                MetricsRecord.validation(step: 100, loss: 3.25).line,
                MetricsRecord.warning(step: 70, "too fast").line,
                MetricsRecord.saved(step: 100, path: "x").line,
            ]
        let history = try history(lines.joined(separator: "\n") + "\n")
        #expect(history.stepCount == 100 && history.lastStep == 100)
        #expect(history.tokenCount == 6400 && history.seconds == 50)
        #expect(history.loss.points.count == 100)
        #expect(history.bestValidation?.loss == 3.25)
        #expect(history.warnings.map(\.message) == ["too fast"])
        #expect(history.savedSteps == [100])
        #expect(!history.isCutOff && history.damagedLineCount == 0)
        // The averages of the first and the last 20.
        #expect(abs((history.firstLoss ?? 0) - 4.79) < 1e-9)
        #expect(abs((history.lastLoss ?? 0) - 3.19) < 1e-9)
    }

    @Test func aLineThatWasCutOffIsLeftOutAndTold() throws {
        let history = try history(train(1, loss: 2) + "\n" + train(2, loss: 2).dropLast(9))
        #expect(history.stepCount == 1 && history.isCutOff && history.damagedLineCount == 0)
    }

    @Test func damagedLinesInTheMiddleAreCounted() throws {
        let history = try history(
            "\u{0}\u{0}\n[1]\n{\"kind\":7}\n{}\n" + train(1, loss: 2) + "\n")
        #expect(history.stepCount == 1 && !history.isCutOff && history.damagedLineCount == 2)
    }

    @Test func withoutMetricsItIsEmpty() throws {
        #expect(try RunHistory(ofMetrics: "/absent/metrics.jsonl").stepCount == 0)
    }

    /// Numbers that no training has do not end the program, whatever they are.
    @Test(arguments: [
        "1e308", "-1e308", "1e999", "null", "\"x\"", "9223372036854775807", "-1", "[]", "5e-324",
    ])
    func hostileNumbersMakeAPage(number: String) throws {
        let line = """
            {"kind":"train","step":S,"loss":\(number),"learning_rate":\(number),"gradient_norm":\
            \(number),"tokens":\(number),"tokens_per_second":\(number),"peak_memory_bytes":\
            \(number),"seconds":{"total":\(number)}}
            {"kind":"validation","step":S,"loss":\(number)}

            """
        let text =
            (1...50).map { line.replacingOccurrences(of: "S", with: "\($0)") }.joined()
            + line.replacingOccurrences(of: "S", with: number)
        let history = try history(text)
        let page = ReportPage(ReportContent(title: "t", history: history)).html
        #expect(page.contains("</html>"))
        #expect(!page.contains("\"nan") && !page.contains("\"inf"))
    }

    @Test func curvesOfAnyLengthTakeLittleMemoryAndKeepTheirMeans() {
        var curve = Curve(capacity: 64)
        for step in 1...100_000 { curve.append(Double(step), at: step) }
        #expect(curve.points.count <= 64 && curve.points.count > 30)
        #expect(curve.points.last?.step == 100_000)
        #expect(curve.points.last?.most == 100_000 && curve.points.first?.least == 1)
        let rising = zip(curve.points, curve.points.dropFirst()).allSatisfy { $0.mean < $1.mean }
        #expect(rising)
    }

    @Test func theAverageCountsTheFirstValuesInFull() {
        var average = RunningAverage(reach: 10)
        #expect(average.value == nil)
        #expect(average.add(4) == 4)
        #expect(abs(average.add(4) - 4) < 1e-12)
        for _ in 0..<200 { average.add(1) }
        #expect(abs((average.value ?? 0) - 1) < 1e-6)
    }
}
