import Diagnostics
import JSON

/// The record of a training step in metrics.jsonl that does not depend on the machine.
package struct RecordedStep: Equatable, Sendable {
    /// The loss of the step; nil where it was not finite.
    package var loss: Double?
    package var gradientNorm: Double?
    package var learningRate: Double?

    package init(loss: Double?, gradientNorm: Double?, learningRate: Double?) {
        self.loss = loss
        self.gradientNorm = gradientNorm
        self.learningRate = learningRate
    }

    /// - Throws: `Failure` for a file that cannot be read, and for a step that it does not hold.
    package init(step: Int, in path: String) throws {
        var (last, found): (Int, JSONValue?) = (0, nil)
        try MetricsFile.forEachRecord(of: path) { record, _ in
            guard let record, record["kind"]?.string == "train",
                let number = record["step"]?.integer, number > 0
            else { return true }
            last = max(last, number)
            if number == step { found = record }
            return found == nil
        }
        if let found {
            self.init(
                loss: found["loss"]?.double, gradientNorm: found["gradient_norm"]?.double,
                learningRate: found["learning_rate"]?.double)
            return
        }
        throw Failure(
            "the run has no such step", expected: last > 0 ? "a step from 1 to \(last)" : "a step",
            got: "\(step)", at: path, kind: .usage)
    }

    /// Numbers that are not finite count as equal, whichever they are: JSON has but null for them.
    package func hasBits(of step: ReplayResult) -> Bool {
        func finite(_ value: Double) -> UInt64? { value.isFinite ? value.bitPattern : nil }
        return loss?.bitPattern == finite(step.loss)
            && gradientNorm?.bitPattern == finite(step.gradientNorm)
            && learningRate?.bitPattern == finite(step.learningRate)
    }
}
