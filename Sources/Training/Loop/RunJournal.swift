import Diagnostics
import Evaluation
import Foundation
import Logging
import Objectives

/// The reports of the first rank on a run: metrics for programs, a line now and then for people.
final class RunJournal {
    private let sinks: [any MetricsSink]
    private var signs: LearningSigns?
    private let logger: Logger
    private let stepCount: Int
    private let firstStep: Int
    private let start = ContinuousClock.now
    private var lastLine: ContinuousClock.Instant?

    /// Time between two lines about steps.
    private static let pause = Duration.seconds(2)

    init(
        sinks: [any MetricsSink], signs: LearningSigns?, logger: Logger, stepCount: Int,
        lastStep: Int
    ) {
        self.sinks = sinks
        self.signs = signs
        self.logger = logger
        self.stepCount = stepCount
        firstStep = lastStep
    }

    func record(
        _ gradient: BatchGradient, _ measures: [String: Double], learningRate: Double, step: Int,
        tokens: Int,
        _ clock: LapClock, profile: StepTimes? = nil
    ) throws {
        let total = profile?.total ?? clock.total
        let record = TrainingMetrics(
            step: step, tokens: tokens, loss: gradient.loss,
            learningRate: learningRate, gradientNorm: gradient.norm,
            tokensPerSecond: Double(gradient.tokenCount) / total,
            seconds: clock.seconds.merging(["total": total]) { $1 },
            peakMemoryBytes: LapClock.peakMemoryBytes, measures: measures, profile: profile)
        try append(.train(record))
        if let profile { logger.info("step \(step): \(profile.line)") }
        for sign in signs?.note(record) ?? [] { try warning(sign, step: step) }
        let now = ContinuousClock.now
        guard step == stepCount || lastLine.map({ now - $0 >= Self.pause }) ?? true else { return }
        lastLine = now
        let json = RunLog.record(
            MetricsRecord.train(record).line, isPassing: step != stepCount)
        logger.info("\(line(record))", metadata: json)
    }

    func validation(_ loss: Double, _ measures: [String: Double], step: Int) throws {
        let record = MetricsRecord.validation(step: step, loss: loss, measures: measures)
        try append(record)
        logger.log(
            level: loss.isFinite ? .info : .warning,
            "step \(step)  validation loss \(loss.formattedTo(4))\(Self.text(measures))",
            metadata: RunLog.record(record.line))
    }

    func tasks(_ report: TaskReport, step: Int) throws {
        try append(.tasks(step: step, report.json["tasks"]?.array ?? []))
        logger.info("step \(step)  tasks\n\(report.text)")
    }

    /// What the objective says of the first step.
    func remark(_ remark: ObjectiveRemark?, step: Int) throws {
        guard let remark else { return }
        if remark.isWarning {
            return try warning(.init(text: remark.text, isDivergence: false), step: step)
        }
        try event(remark.text, step: step)
    }

    /// The measures that tell most, where there are any.
    private static func text(_ measures: [String: Double]) -> String {
        MetricGlossary.shown.compactMap { name in
            measures[name].map { "  \(name) \($0.formattedTo(3))" }
        }.joined()
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
        let record = MetricsRecord.saved(step: step, path: path)
        try append(record)
        logger.info("saved \(path)", metadata: RunLog.record(record.line))
    }

    func event(_ message: String, step: Int) throws {
        let record = MetricsRecord.event(step: step, message)
        try append(record)
        logger.info("\(message)", metadata: RunLog.record(record.line))
    }

    private func warning(_ finding: LearningSigns.Finding, step: Int) throws {
        let record = MetricsRecord.warning(
            step: step, finding.text, isDivergence: finding.isDivergence)
        try append(record)
        logger.warning("step \(step): \(finding.text)", metadata: RunLog.record(record.line))
    }

    private func append(_ record: MetricsRecord) throws {
        for sink in sinks { try sink.append(record) }
    }

    private func line(_ record: TrainingMetrics) -> String {
        let done = record.step - firstStep
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let remaining = elapsed / Double(max(1, done)) * Double(stepCount - record.step)
        return "step \(record.step)/\(stepCount)  loss \(record.loss.formattedTo(4))  "
            + "norm \(record.gradientNorm.formattedTo(3))\(Self.text(record.measures))  "
            + "learning rate \(String(format: "%.2e", record.learningRate))  "
            + "\(record.tokensPerSecond.formattedTo(0)) tokens/s  "
            + "\(Duration.seconds(remaining).formatted(.time(pattern: .hourMinuteSecond))) left"
    }
}
