import Diagnostics
import JSON

/// The state of a run that a checkpoint needs beside tensors. No rank and no world size is in it.
package struct TrainerState: Equatable, Sendable {
    package static let fileName = "trainer_state.json"
    private static let formatVersion = 1
    /// The largest count: with at most as many sequences in a batch, no product of the two
    /// overflows.
    private static let maximumCount = Int(Int32.max)

    /// Global batches consumed.
    package var step: Int
    /// Tokens that the model has read.
    package var tokenCount: Int
    /// Updates made (t of the optimizer): fewer than steps when some were skipped.
    package var updateCount: Int
    /// Steps skipped in a row, up to now, for a gradient that is not finite.
    package var skippedInARow: Int
    /// What Schedule-Free AdamW counts; nil with other rules.
    package var average: AverageWeights?
    package var laneCount: Int
    /// The lowest validation loss so far; nil before the first.
    package var best: Best?
    /// Validations since then.
    package var validationsWithoutGain = 0
    /// The validation loss after this very step, a number or not; nil where there was no validation.
    package var validationLoss: Double?
    /// The kernels that computed the last steps: others give other bits. Nil where nobody knows.
    package var kernels: String?
    /// What the islands of the run do not have in common; nil without islands.
    package var islands: IslandCounts?

    /// A validation loss, and the step after which it was found.
    package struct Best: Equatable, Sendable {
        package var loss: Double
        package var step: Int

        package init(loss: Double, step: Int) {
            (self.loss, self.step) = (loss, step)
        }
    }

    package init(
        step: Int = 0, tokenCount: Int = 0, updateCount: Int = 0, skippedInARow: Int = 0,
        laneCount: Int,
        kernels: String? = nil
    ) {
        self.step = step
        self.tokenCount = tokenCount
        self.updateCount = updateCount
        self.skippedInARow = skippedInARow
        self.laneCount = laneCount
        self.kernels = kernels
    }

    /// Takes up a validation.
    ///
    /// - Returns: whether the loss is the lowest so far.
    package mutating func note(validationLoss loss: Double) -> Bool {
        guard loss.isFinite, best.map({ loss < $0.loss }) ?? true else {
            validationsWithoutGain += 1
            return false
        }
        best = Best(loss: loss, step: step)
        validationsWithoutGain = 0
        return true
    }

    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "format_version": .integer(Self.formatVersion), "step": .integer(step),
            "tokens": .integer(tokenCount), "update_count": .integer(updateCount),
            "skipped_in_a_row": .integer(skippedInARow),
            "lanes": .integer(laneCount), "kernels": kernels.map(JSONValue.string) ?? .null,
            "best_loss": best.map { .number($0.loss) } ?? .null,
            "best_step": best.map { .integer($0.step) } ?? .null,
            "validations_without_gain": .integer(validationsWithoutGain),
            "validation_loss": validationLoss.map {
                $0.isFinite ? .number($0) : .string("\($0)")
            } ?? .null,
        ]
        members["islands"] = islands?.json
        members["average"] = average.map {
            .object([
                "weight_sum": .number($0.sum), "largest_rate": .number($0.largestRate),
            ])
        }
        return .object(members)
    }

    package init(json: JSONValue, at path: String) throws {
        func count(
            _ key: String, atLeast least: Int, atMost most: Int = TrainerState.maximumCount
        ) throws -> Int {
            let value = json[key]?.integer
            let isTooLarge = value.map { $0 > most } ?? false
            guard let value, value >= least, !isTooLarge else {
                throw Failure(
                    "the trainer state has a wrong \(key)",
                    expected: isTooLarge
                        ? "at most \(most)" : "a number from \(least)",
                    got: json[key]?.summary ?? "nothing", at: path)
            }
            return value
        }
        let version = try count("format_version", atLeast: 1)
        guard version == Self.formatVersion else {
            throw Failure(
                "the trainer state has another format", expected: "\(Self.formatVersion)",
                got: "\(version)", at: path, remedy: "resume with the version that wrote it")
        }
        step = try count("step", atLeast: 0)
        tokenCount = try count("tokens", atLeast: 0, atMost: 1 << 60)
        updateCount = try count("update_count", atLeast: 0)
        skippedInARow = try count("skipped_in_a_row", atLeast: 0)
        laneCount = try count("lanes", atLeast: 1)
        kernels = json["kernels"]?.string
        average = json["average"].flatMap { average in
            guard let sum = average["weight_sum"]?.double,
                let rate = average["largest_rate"]?.double
            else { return nil }
            return AverageWeights(sum: sum, largestRate: rate)
        }
        islands = try json["islands"].map { try IslandCounts(json: $0, at: path) }
        validationLoss =
            json["validation_loss"]?.double ?? json["validation_loss"]?.string.flatMap(Double.init)
        if json["validations_without_gain"] != nil {
            validationsWithoutGain = try count("validations_without_gain", atLeast: 0)
        }
        guard let loss = json["best_loss"]?.double else { return }
        best = Best(loss: loss, step: try count("best_step", atLeast: 0))
    }
}
