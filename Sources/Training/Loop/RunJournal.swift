import Diagnostics
import Foundation
import Logging

/// The reports of the first rank on a run: metrics for programs, a line now and then for people.
final class RunJournal {
    private let sinks: [any MetricsSink]
    private let logger: Logger
    private let stepCount: Int
    private let firstStep: Int
    private let start = ContinuousClock.now
    private var lastLine: ContinuousClock.Instant?

    /// Time between two lines about steps.
    private static let pause = Duration.seconds(2)

    init(at place: MetricsPlace, logger: Logger, stepCount: Int, lastStep: Int) throws {
        sinks = try place.open(lastStep: lastStep)
        self.logger = logger
        self.stepCount = stepCount
        firstStep = lastStep
    }

    func record(
        _ gradient: BatchGradient, learningRate: Double, step: Int, tokens: Int,
        _ clock: LapClock, profile: StepTimes? = nil
    ) throws {
        let total = profile?.total ?? clock.total
        let record = TrainingMetrics(
            step: step, tokens: tokens, loss: gradient.loss,
            learningRate: learningRate, gradientNorm: gradient.norm,
            tokensPerSecond: Double(gradient.tokenCount) / total,
            seconds: clock.seconds.merging(["total": total]) { $1 },
            peakMemoryBytes: LapClock.peakMemoryBytes, profile: profile)
        try append(.train(record))
        if let profile { logger.info("step \(step): \(profile.line)") }
        let now = ContinuousClock.now
        guard step == stepCount || lastLine.map({ now - $0 >= Self.pause }) ?? true else { return }
        lastLine = now
        logger.info("\(line(record))")
    }

    func validation(_ loss: Double, step: Int) throws {
        try append(.validation(step: step, loss: loss))
        let level: Logger.Level = loss.isFinite ? .info : .warning
        logger.log(level: level, "step \(step)  validation loss \(loss.formattedTo(4))")
    }

    /// - Parameters:
    ///   - loss: the average over all islands since the last outer step; nil where none is known yet.
    ///   - skippedCount: steps that islands have skipped since then.
    func outerStep(_ outer: OuterStep, loss: Double?, skippedCount: Int) throws {
        try append(.outer(outer, loss: loss, skippedCount: skippedCount))
        if skippedCount > 0 {
            logger.warning(
                "the islands skipped \(Quantity.count(skippedCount, "step")) up to step \(outer.step)"
            )
        }
    }

    func saved(_ path: String, step: Int) throws {
        try append(.saved(step: step, path: path))
        logger.info("saved \(path)")
    }

    func event(_ message: String, step: Int) throws {
        try append(.event(step: step, message))
        logger.info("\(message)")
    }

    private func append(_ record: MetricsRecord) throws {
        for sink in sinks { try sink.append(record) }
    }

    private func line(_ record: TrainingMetrics) -> String {
        let done = record.step - firstStep
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let remaining = elapsed / Double(max(1, done)) * Double(stepCount - record.step)
        return "step \(record.step)/\(stepCount)  loss \(record.loss.formattedTo(4))  "
            + "norm \(record.gradientNorm.formattedTo(3))  "
            + "learning rate \(String(format: "%.2e", record.learningRate))  "
            + "\(record.tokensPerSecond.formattedTo(0)) tokens/s  "
            + "\(Duration.seconds(remaining).formatted(.time(pattern: .hourMinuteSecond))) left"
    }
}
