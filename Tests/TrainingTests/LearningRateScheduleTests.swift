import Testing
import Training

@Suite struct LearningRateScheduleTests {
    private func schedule(
        _ kind: OptimizerOptions.Schedule, peak: Double = 8, minimum: Double = 2, warmup: Int = 3,
        steps: Int = 11
    ) -> LearningRateSchedule {
        var options = OptimizerOptions()
        options.schedule = kind
        options.learningRate = peak
        options.minimumLearningRate = minimum
        options.warmupSteps = warmup
        return LearningRateSchedule(options, stepCount: steps)
    }

    private func expect(
        _ schedule: LearningRateSchedule, from step: Int, _ rates: [Double],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (index, rate) in rates.enumerated() {
            let value = schedule.value(at: step + index)
            #expect(
                abs(value - rate) < 1e-12, "step \(step + index): \(value)",
                sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: OptimizerOptions.Schedule.allCases)
    func warmUpRisesInAStraightLineThatWouldBeAtThePeakOneStepLater(
        kind: OptimizerOptions.Schedule
    ) {
        expect(schedule(kind), from: 0, [2, 4, 6, 8])
    }

    /// Eight steps after the warm-up: progress 0, 1/8 ... 7/8.
    @Test func linearFallsBySixEighthsAStep() {
        expect(schedule(.linear), from: 3, [8, 7.25, 6.5, 5.75, 5, 4.25, 3.5, 2.75])
    }

    /// 2 + 3 (1 + cos(pi p)).
    @Test func cosineIsHalfwayInTheMiddle() {
        let root = 2.0.squareRoot()
        let schedule = schedule(.cosine)
        expect(schedule, from: 3, [8])
        expect(schedule, from: 5, [5 + 1.5 * root])
        expect(schedule, from: 7, [5])
        expect(schedule, from: 9, [5 - 1.5 * root])
    }

    @Test func constantStaysAtThePeak() {
        expect(schedule(.constant), from: 3, Array(repeating: 8, count: 8))
    }

    /// Ten steps: the fall begins with the ninth, so the tenth is halfway.
    @Test func wsdFallsInTheLastFifth() {
        expect(
            schedule(.wsd, warmup: 0, steps: 10), from: 0, Array(repeating: 8, count: 9) + [5])
    }

    /// As in nanoGPT and in Hugging Face's schedules: no update is made with the minimum itself,
    /// which with a minimum of 0 would be lost.
    @Test(arguments: [OptimizerOptions.Schedule.linear, .cosine, .wsd])
    func theMinimumIsReachedRightAfterTheLastStep(kind: OptimizerOptions.Schedule) {
        let schedule = schedule(kind, minimum: 0)
        #expect(schedule.value(at: 10) > 0)
        expect(schedule, from: 11, [0, 0])
    }

    @Test(arguments: OptimizerOptions.Schedule.allCases)
    func withoutWarmUpTheFirstStepHasThePeak(kind: OptimizerOptions.Schedule) {
        expect(schedule(kind, warmup: 0), from: 0, [8])
    }

    @Test(arguments: OptimizerOptions.Schedule.allCases)
    func aRunThatIsAllWarmUpNeverFalls(kind: OptimizerOptions.Schedule) {
        expect(schedule(kind, warmup: 3, steps: 3), from: 0, [2, 4, 6])
    }

    /// get_lr of nanoGPT, computed by hand for learning_rate 1e-3, min_lr 1e-4, warmup_iters 100
    /// and lr_decay_iters 2000.
    @Test func cosineIsThatOfNanoGPT() {
        let schedule = schedule(.cosine, peak: 1e-3, minimum: 1e-4, warmup: 100, steps: 2000)
        expect(schedule, from: 0, [1e-3 / 101])
        expect(schedule, from: 99, [1e-1 / 101, 1e-3])
        expect(schedule, from: 1050, [5.5e-4])
    }
}

@Suite struct GradientClippingTests {
    /// Maximum, norm and scale; PyTorch, too, scales a norm at the limit by a hair.
    static let cases: [(Double, Double, Double)] = [
        (1, 0.5, 1), (1, 0, 1), (1, 2, 1 / 2.000001), (0.5, 4, 0.5 / 4.000001),
        (1, 1, 1 / 1.000001), (0, 1e9, 1),
    ]

    @Test(arguments: cases)
    func scaleIsThatOfPyTorch(maximumNorm: Double, norm: Double, scale: Double) {
        #expect(GradientClipping(maximumNorm: maximumNorm).scale(norm: norm) == scale)
    }
}
