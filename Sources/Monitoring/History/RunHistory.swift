import Diagnostics
import Files
import JSON

/// The course of a run as its metrics.jsonl has it, in memory that does not grow with its length.
package struct RunHistory: Sendable {
    package var loss = Curve()
    package var learningRate = Curve()
    package var gradientNorm = Curve()
    package var tokensPerSecond = Curve()
    /// Of trainings that have rewards.
    package var reward = Curve()
    package var validations: [(step: Int, loss: Double)] = []
    /// What was said about steps; checkpoints are counted apart.
    package var events: [Event] = []
    package var savedSteps: [Int] = []
    package var stepCount = 0
    package var lastStep = 0
    package var tokenCount = 0
    /// Seconds in steps.
    package var seconds = 0.0
    /// Seconds of the parts of all steps, on the first rank.
    package var partSeconds: [StepPart: Double] = [:]
    package var peakMemoryBytes = 0
    /// Steps whose loss was no number.
    package var nonFiniteCount = 0
    /// The averages of the first and the last losses.
    package var (firstLoss, lastLoss): (Double?, Double?) = (nil, nil)
    /// Lines that could not be read, other than one that was cut off at the end.
    package var damagedLineCount = 0
    package var isCutOff = false
    var losses = EndLosses()

    package struct Event: Equatable, Sendable {
        package let step: Int
        package let message: String
        package let isWarning: Bool

        package init(step: Int, message: String, isWarning: Bool) {
            (self.step, self.message, self.isWarning) = (step, message, isWarning)
        }
    }

    private static let maximumEventCount = 200

    package init() {}

    /// Reads metrics.jsonl; a run that was cut off may have left half a line.
    ///
    /// - Throws: `Failure` where there is something that cannot be read; without such a file the history
    ///   is empty.
    package init(ofMetrics path: String) throws {
        guard try DirectoryEntries.isThere(path, followsLinks: true) else { return }
        let lines = try FileLines(of: path, what: "cannot read the metrics of the run")
        var isLastDamaged = false
        try lines.forEachLine { line in
            isLastDamaged = note(line: line) == nil
            return true
        }
        isCutOff = isLastDamaged
        damagedLineCount -= isLastDamaged ? 1 : 0
        settle()
    }

    /// Takes up a line of metrics.jsonl; `settle` is due before the history is used.
    ///
    /// - Returns: the record; nil for a line that is damaged.
    @discardableResult
    mutating func note(line: ArraySlice<UInt8>) -> JSONValue? {
        let record = line.withUnsafeBytes { try? JSONValue(parsing: $0, at: "metrics.jsonl") }
        guard let record, record.members != nil else {
            damagedLineCount += 1
            return nil
        }
        note(record)
        return record
    }

    /// Works out what depends on all lines.
    mutating func settle() { (firstLoss, lastLoss) = losses.averages }

    private mutating func note(_ record: JSONValue) {
        guard let step = record["step"]?.integer, step >= 0 else { return }
        switch record["kind"]?.string {
        case "train": train(record, step)
        case "validation":
            guard let loss = Self.loss(of: record) else {
                nonFiniteCount += 1
                return
            }
            validations.append((step, loss))
        case "event": event(record, step)
        default: break
        }
    }

    private mutating func train(_ record: JSONValue, _ step: Int) {
        stepCount += 1
        lastStep = max(lastStep, step)
        tokenCount = max(tokenCount, record["tokens"]?.integer ?? 0)
        seconds += record["seconds"]?["total"]?.double ?? 0
        for part in StepPart.allCases {
            let own = record["seconds"]?[part.rawValue]?.double ?? 0
            if own > 0, own < 1e9 { partSeconds[part, default: 0] += own }
        }
        peakMemoryBytes = max(peakMemoryBytes, record["peak_memory_bytes"]?.integer ?? 0)
        let curves: [(WritableKeyPath<Self, Curve>, String)] = [
            (\.loss, "loss"), (\.learningRate, "learning_rate"),
            (\.gradientNorm, "gradient_norm"), (\.tokensPerSecond, "tokens_per_second"),
            (\.reward, "reward"),
        ]
        for (curve, key) in curves {
            record[key]?.double.map { self[keyPath: curve].append($0, at: step) }
        }
        guard let loss = Self.loss(of: record) else {
            nonFiniteCount += 1
            return
        }
        losses.append(loss)
    }

    /// The loss; nil where it is no number, or none that a training has.
    private static func loss(of record: JSONValue) -> Double? {
        record["loss"]?.double.flatMap { $0.magnitude < 1e100 ? $0 : nil }
    }

    private mutating func event(_ record: JSONValue, _ step: Int) {
        if record["checkpoint"] != nil { return savedSteps.append(step) }
        guard events.count < Self.maximumEventCount else { return }
        events.append(
            Event(
                step: step, message: record["message"]?.string ?? "",
                isWarning: record["level"]?.string == "warning"))
    }

    /// The lowest validation loss and its step; nil where nothing was validated.
    package var bestValidation: (step: Int, loss: Double)? {
        validations.min { $0.loss < $1.loss }
    }

    package var warnings: [Event] { events.filter(\.isWarning) }
}
