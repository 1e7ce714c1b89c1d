import Diagnostics
import Files
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
        var last = 0
        let bytes = try FileReader.bytes(
            of: path, what: "cannot read the metrics of the run", maximumSize: .max)
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            // A run that was cut off may have left a torn line.
            guard let json = try? JSONValue(parsing: Array(line), at: path),
                json["kind"]?.string == "train", let number = json["step"]?.integer, number > 0
            else { continue }
            last = max(last, number)
            guard number == step else { continue }
            self.init(
                loss: json["loss"]?.double, gradientNorm: json["gradient_norm"]?.double,
                learningRate: json["learning_rate"]?.double)
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
