import Diagnostics
import Foundation
import Monitoring
import Testing
import Training

/// The live status on terminals of any width.
@Suite struct StatusTests {
    private func figures(_ steps: ClosedRange<Int>, of count: Int = 1400) -> StatusFigures {
        var figures = StatusFigures(stepCount: count, firstStep: 0)
        (figures.validationSteps, figures.checkpointSteps) = (350, 0)
        figures.elapsed = 30
        for step in steps {
            figures.note(
                .train(
                    TrainingMetrics(
                        step: step, tokens: 64 * step, loss: 8 - Double(step) / 100,
                        learningRate: 5e-3, gradientNorm: 0.61, tokensPerSecond: 24_012,
                        seconds: ["total": 0.5, "reduce": 0.05], peakMemoryBytes: 1_200_000_000)))
        }
        return figures
    }

    private func lines(
        _ figures: StatusFigures, columns: Int, isColored: Bool = false, isUnicode: Bool = true
    ) -> [ConsoleFooter.Line] {
        StatusLines(figures, columns: columns, isColored: isColored, isUnicode: isUnicode).lines
    }

    @Test func aWideTerminalShowsAll() {
        var figures = figures(1...350)
        figures.note(.validation(step: 350, loss: 1.7929))
        figures.peakTokensPerSecond = 48024
        let text = lines(figures, columns: 140).map(\.text)
        #expect(text.count == 3)
        #expect(text[0].hasSuffix("350/1400  25 %  0:01:30 left"))
        #expect(text[0].hasPrefix(String(repeating: "█", count: 10) + "░"))
        #expect(text[1].contains("▁") && text[1].contains("validation 1.7929"))
        #expect(
            text[1].hasSuffix("last 4.5000  validation 1.7929  norm 0.61  learning rate 5.0e-03"))
        #expect(
            text[2]
                == "24012 tokens/s  50 % of peak  waiting 10 %  memory 1.20 GB  validation in 350  checkpoint in 1050"
        )
    }

    @Test(arguments: 1...200)
    func nothingIsWiderThanTheTerminal(columns: Int) {
        var figures = figures(1...350)
        figures.note(.warning(step: 350, "the loss is far above what it was at the start"))
        for isColored in [false, true] {
            let lines = lines(figures, columns: columns, isColored: isColored)
            #expect(lines.allSatisfy { $0.width <= max(1, columns - 1) })
            for line in lines {
                let seen = line.text.replacing(/\u{1B}\[[0-9]*m/, with: "")
                #expect(seen.count == line.width)
            }
        }
    }

    @Test func twentyColumnsShowStepAndLoss() {
        let text = lines(figures(1...350), columns: 20).map(\.text)
        #expect(
            text == ["350/1400  25 %", "loss 4.6900  ▇▅▃▁", "24012 tokens/s"].map { $0 }
                || text[0] == "350/1400  25 %" && text[1].hasPrefix("loss 4."))
    }

    @Test func withoutColorsAndUnicodeItIsPlainASCII() {
        let lines = lines(figures(1...350), columns: 100, isUnicode: false)
        #expect(lines.allSatisfy { $0.text.allSatisfy(\.isASCII) })
        #expect(!lines.contains { $0.text.contains("\u{1B}") })
        #expect(lines[0].text.hasPrefix("##########...."))
    }

    @Test func beforeTheFirstStepThereIsABar() {
        let text = lines(figures(1...1), columns: 80).map(\.text)
        #expect(text[0].contains("1/1400  0 %"))
        let fresh = StatusFigures(stepCount: 10, firstStep: 4)
        #expect(lines(fresh, columns: 80).map(\.text).joined().contains("4/10  40 %"))
    }

    @Test func nextOnesAreCountedToTheEndOfTheRun() {
        let figures = figures(1...1300)
        #expect(figures.steps(toNextOf: 350) == 100)
        #expect(figures.steps(toNextOf: 1000) == 100)
        #expect(figures.steps(toNextOf: 7) == 2)
        #expect(figures.steps(toNextOf: 0) == 100)
        #expect(figures.steps(toNextOf: -1) == nil)
        #expect(self.figures(1...1400).steps(toNextOf: 350) == nil)
    }

    /// Four a second are less than 0.2 % of one core.
    @Test func drawingTakesLessThanHalfAMillisecond() {
        let figures = figures(1...1000)
        func seconds() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = seconds()
        var width = 0
        for _ in 0..<200 { width += lines(figures, columns: 120, isColored: true)[0].width }
        let each = (seconds() - start) / 200
        #expect(width > 0 && each < 5e-4, "\(each) s each")
    }

    @Test func onlyATerminalThatMovesItsCursorIsOne() {
        #expect(LiveTerminal.find(environment: [:]) == nil)
        #expect(LiveTerminal.find(environment: ["TERM": "dumb"]) == nil)
    }
}
