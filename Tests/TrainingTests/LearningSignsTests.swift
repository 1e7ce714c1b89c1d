import Testing
import Training

/// Runs that do not learn, and runs that do.
@Suite struct LearningSignsTests {
    /// What is told of a run, and at which steps.
    private func told(
        steps: Int, uniform: Double? = 7.5, warmup: Int = 10, peak: Double = 1e-3,
        rate: (Int) -> Double = { _ in 1e-3 }, norm: (Int) -> Double = { _ in 1 },
        loss: (Int) -> Double
    ) -> [(step: Int, text: String)] {
        var signs = LearningSigns(
            .init(
                uniformLoss: uniform, warmupSteps: warmup, stepCount: steps, peakLearningRate: peak)
        )
        return (1...steps).flatMap { step in
            signs.note(
                TrainingMetrics(
                    step: step, tokens: step, loss: loss(step), learningRate: rate(step),
                    gradientNorm: norm(step), tokensPerSecond: 1, seconds: [:], peakMemoryBytes: 1)
            ).map { (step, $0.text) }
        }
    }

    /// A noise of a tenth, the same in each run.
    private func noise(_ step: Int) -> Double { Double(step * 7919 % 101) / 500 - 0.1 }

    @Test func aRunThatLearnsTellsNothing() {
        let told = told(
            steps: 2000, rate: { 1e-3 * (1 - Double($0) / 2000) },
            norm: { 1 + 3 * self.noise($0) },
            loss: { 1.5 + 6 / (1 + Double($0) / 60) + self.noise($0) })
        #expect(told.isEmpty, "\(told)")
    }

    @Test func aLossAboveTheUniformOneIsToldOnce() {
        let told = told(steps: 150) { $0 < 50 ? 7.4 : 9 + noise($0) }
        #expect(told.count == 1)
        #expect(told[0].step > 50 && told[0].step < 70)
        #expect(told[0].text.contains("is above 7.50") && told[0].text.contains("learning_rate"))
    }

    @Test func aFreshModelIsALittleAboveAndNotTold() {
        #expect(told(steps: 100) { 7.58 + noise($0) }.isEmpty)
        #expect(told(steps: 100, uniform: nil) { 30 - Double($0) }.isEmpty)
    }

    @Test func aLossThatStaysWhereItWasIsTold() {
        let told = told(steps: 1000) { 7.4 + noise($0) }
        #expect(told.map(\.step) == [400])
        #expect(told[0].text.contains("has not fallen in 400 steps"))
        #expect(told[0].text.contains("triple"))
    }

    @Test func aPlateauAfterAFallIsToldInOtherWords() {
        let told = told(steps: 1500) { max(3, 7 - Double($0) / 50) + noise($0) }
        #expect(told.map(\.step) == [600])
        #expect(told[0].text.contains("learnt what it can"))
    }

    @Test func anExplodingNormIsToldAndASinglePeakIsNot() {
        let loss = { (step: Int) in 7 / (1 + Double(step) / 100) }
        #expect(told(steps: 190, norm: { $0 == 150 ? 90 : 1 }, loss: loss).isEmpty)
        let told = told(steps: 190, norm: { $0 < 150 ? 1 : 40 }, loss: loss)
        #expect(told.map(\.step) == [152])
        #expect(told[0].text.contains("40 times"))
    }

    @Test func aSpentScheduleIsToldWhereManyStepsAreLeft() {
        let loss = { (step: Int) in 7 / (1 + Double(step) / 100) }
        #expect(
            told(steps: 1000, rate: { 1e-3 * max(0, 1 - Double($0) / 1000) }, loss: loss).isEmpty)
        let told = told(steps: 1000, rate: { $0 < 500 ? 1e-3 : 1e-5 }, loss: loss)
        #expect(told.map(\.step) == [500])
        #expect(told[0].text.contains("500 steps are left"))
    }

    @Test func lossesThatAreNoNumbersAreLeftToOthers() {
        #expect(told(steps: 300) { $0 > 5 ? .nan : 7 }.isEmpty)
    }
}
