import Training

/// What a live status knows of a run.
package struct StatusFigures: Sendable {
    /// Steps of the whole run, and the step at which this start of it stands at first.
    package var stepCount: Int
    package var firstStep: Int
    /// Steps between two validations and two checkpoints; 0 for one at the end, -1 for none at all.
    package var validationSteps = 0
    package var checkpointSteps = 0
    /// Tokens a second at the peak of all ranks; nil where nobody knows.
    package var peakTokensPerSecond: Double?

    package private(set) var last: TrainingMetrics?
    package private(set) var validationLoss: Double?
    package private(set) var warning: String?
    /// Seconds since the start of the steps.
    package var elapsed = 0.0
    private var loss = RunningAverage(reach: 20)
    private var curve = Curve(capacity: 48)

    package init(stepCount: Int, firstStep: Int) {
        (self.stepCount, self.firstStep) = (stepCount, firstStep)
    }

    package mutating func note(_ record: MetricsRecord) {
        switch record {
        case .train(let metrics):
            last = metrics
            guard metrics.loss.isFinite else { return }
            loss.add(metrics.loss)
            curve.append(metrics.loss, at: metrics.step)
        case .validation(_, let loss, _): validationLoss = loss
        case .warning(let step, let message, _): warning = "step \(step): \(message)"
        case .event, .outer, .saved, .tasks: break
        }
    }

    package var smoothedLoss: Double? { loss.value }
    package var losses: [Double] { curve.points.map(\.mean) }

    package var share: Double {
        Double(last?.step ?? firstStep) / Double(max(1, stepCount))
    }

    /// Seconds to the end of the run, at the pace so far; nil before the first step.
    package var remaining: Double? {
        guard let last, last.step > firstStep else { return nil }
        return elapsed / Double(last.step - firstStep) * Double(max(0, stepCount - last.step))
    }

    /// The share of the step that this rank waited for others.
    package var waitingShare: Double? {
        guard let last, let total = last.seconds["total"], total > 0 else { return nil }
        return last.seconds["reduce"].map { max(0, $0) / total }
    }

    /// The share of the peak that the last step reached.
    package var peakShare: Double? {
        guard let last, let peak = peakTokensPerSecond, peak > 0 else { return nil }
        return last.tokensPerSecond / peak
    }

    /// Steps until something that happens every so many of them, and at the end.
    package func steps(toNextOf every: Int) -> Int? {
        guard let last, every >= 0, last.step < stepCount else { return nil }
        let left = max(0, stepCount - last.step)
        return every > 0 ? min(left, every - last.step % every) : left
    }
}
