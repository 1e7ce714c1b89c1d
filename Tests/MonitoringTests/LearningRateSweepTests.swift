import Foundation
import JSON
import Monitoring
import Testing

@Suite struct LearningRateSweepTests {
    /// Flat, then a fall that is steepest at 1e-3, lowest at 1e-2, then a rise; over six decades.
    private func usual(count: Int = 121) -> LearningRateSweep {
        var sweep = LearningRateSweep()
        for index in 0..<count {
            let decade = -6 + 6 * Double(index) / Double(count - 1)
            let fall = decade < -4 ? 0 : decade > -2 ? 1 : (1 - cos(.pi * (decade + 4) / 2)) / 2
            let rise = max(0, decade + 2)
            let loss = 4 - 2 * fall + 0.9 * rise
            guard sweep.add(.init(learningRate: pow(10, decade), loss: loss)) else { break }
        }
        return sweep
    }

    @Test func theFallAndTheLowestLossDecide() throws {
        let suggestion = try #require(usual().suggestion)
        #expect(abs(log10(suggestion.steepest) + 3) < 0.1)
        #expect(abs(log10(suggestion.lowest) + 2) < 0.2)
        #expect(suggestion.rate == min(suggestion.steepest, suggestion.lowest / 10))
        #expect(usual().advice.hasPrefix("learning rate "))
    }

    @Test func aLossThatRisesEndsTheSweep() {
        var sweep = LearningRateSweep()
        var count = 0
        while sweep.add(.init(learningRate: pow(1.1, Double(count)), loss: 3 + Double(count) / 5)) {
            count += 1
            guard count < 100 else { break }
        }
        #expect(sweep.isEnded && count < 20)
        #expect(sweep.suggestion == nil && sweep.advice.contains("did not fall"))
    }

    @Test(arguments: [Double.nan, .infinity])
    func aLossThatIsNoNumberEndsItAndIsLeftOut(loss: Double) throws {
        var sweep = usual(count: 41)
        let before = sweep.steps
        let goesOn = sweep.add(.init(learningRate: 2, loss: loss))
        #expect(!goesOn)
        #expect(sweep.isEnded && sweep.steps == before)
        let json = sweep.json(name: "a", ranks: 2)
        #expect(json.nonFiniteNumber == nil && json["ranks"]?.integer == 2)
        #expect(json["steps"]?.array?.count == 41)
    }

    @Test(arguments: [20, 40, 80, 300], [true, false])
    func theDrawingFitsTheTerminal(columns: Int, isUnicode: Bool) {
        let lines = SweepDrawing(usual(), columns: columns, isUnicode: isUnicode).lines
        #expect(lines.count >= 14)
        #expect(lines.dropLast().allSatisfy { $0.count <= max(22, columns) }, "\(lines)")
        let text = lines.joined()
        #expect(text.contains { ("\u{2801}"..."\u{28FF}").contains($0) } == isUnicode)
        #expect(text.contains("*") == !isUnicode)
        #expect(isUnicode || text.allSatisfy(\.isASCII))
        #expect(lines.contains { $0.contains("m") && $0.contains("s") && $0.contains("t") })
    }

    /// A sweep of no step, of one, and of equal losses.
    @Test func littleOrNothingIsDrawn() {
        var sweep = LearningRateSweep()
        #expect(SweepDrawing(sweep, columns: 80, isUnicode: true).lines.isEmpty)
        #expect(!SweepPage(sweep, name: "empty").html.contains("nan"))
        _ = sweep.add(.init(learningRate: 1, loss: 2))
        #expect(SweepDrawing(sweep, columns: 80, isUnicode: true).lines.isEmpty)
        for step in 2..<20 { _ = sweep.add(.init(learningRate: Double(step), loss: 2)) }
        #expect(SweepDrawing(sweep, columns: 80, isUnicode: false).lines.count >= 14)
        #expect(sweep.suggestion == nil)
        #expect(!SweepPage(sweep, name: "flat").html.contains("nan"))
    }

    @Test func thePageShowsTheCurveAndDoesNothing() {
        let page = SweepPage(usual(), name: "<script>alert(1)</script>").html
        #expect(!page.contains("<script") && page.contains("&lt;script&gt;"))
        for part in ["<polyline class=\"own\"", "steepest ", "1e-4", "a tenth of the lowest"] {
            #expect(page.contains(part), "\(part)")
        }
        #expect(!page.contains("nan") && !page.contains("http:") && !page.contains("https:"))
    }
}
