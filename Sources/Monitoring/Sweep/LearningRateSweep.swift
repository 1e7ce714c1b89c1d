import Diagnostics
import Foundation
import JSON

/// The losses of steps whose learning rates grow from one to the next, and what they say of the rate to
/// train with (Smith, "Cyclical learning rates for training neural networks", 2017: the range test).
package struct LearningRateSweep: Equatable, Sendable {
    package struct Step: Equatable, Sendable {
        package var learningRate: Double
        /// Nats a token, before the update.
        package var loss: Double

        package init(learningRate: Double, loss: Double) {
            (self.learningRate, self.loss) = (learningRate, loss)
        }
    }

    /// The rates that the loss speaks for.
    package struct Suggestion: Equatable, Sendable {
        /// The rate at which the loss falls fastest with the logarithm of the rate.
        package var steepest: Double
        /// The rate of the lowest loss, from which on it does not fall any more.
        package var lowest: Double

        /// A tenth of that of the lowest loss.
        package var tenthOfLowest: Double { lowest / 10 }
        /// The smaller one, for what goes well for a hundred steps must go well for all.
        package var rate: Double { min(steepest, tenthOfLowest) }
    }

    /// Those with a loss that is a number.
    package private(set) var steps: [Step] = []
    /// Whether the loss rose so far, or was no number, that the sweep ended before its last rate.
    package private(set) var isEnded = false
    private var average = 0.0

    /// The weight of older losses in the average that ends a sweep, and the share by which that may be above
    /// the first loss.
    private static let (memory, mostRise) = (0.8, 1.15)
    /// The share of the loss that must have fallen, for a fall to be one.
    private static let leastFall = 0.01
    /// The steps on each side that the smoothed loss has in it, of all steps.
    private static let reach = 0.04

    package init() {}

    /// Adds a step.
    ///
    /// - Returns: whether a further one has a sense; the same on all ranks.
    package mutating func add(_ step: Step) -> Bool {
        guard step.loss.isFinite else {
            isEnded = true
            return false
        }
        steps.append(step)
        average = Self.memory * average + (1 - Self.memory) * step.loss
        let unbiased = average / (1 - pow(Self.memory, Double(steps.count)))
        isEnded = unbiased > Self.mostRise * steps[0].loss
        return !isEnded
    }

    /// The loss of each step, averaged with those around it.
    package var smoothed: [Double] {
        let reach = max(1, Int((Self.reach * Double(steps.count)).rounded()))
        return steps.indices.map { index in
            // As many on both sides: the ends have no other slope than the steps at them.
            let own = min(reach, index, steps.count - 1 - index)
            let part = steps[index - own...index + own]
            return part.reduce(0) { $0 + $1.loss } / Double(part.count)
        }
    }

    /// Nil where the loss did not fall.
    package var suggestion: Suggestion? {
        let losses = smoothed
        guard let lowest = losses.indices.min(by: { losses[$0] < losses[$1] }), lowest >= 2,
            losses[lowest] < (1 - Self.leastFall) * losses[0]
        else { return nil }
        let slopes = (1..<lowest).map { index -> Double in
            let fall = losses[index + 1] - losses[index - 1]
            let growth = steps[index + 1].learningRate / steps[index - 1].learningRate
            return fall / log(growth)
        }
        guard let steepest = slopes.indices.min(by: { slopes[$0] < slopes[$1] }) else { return nil }
        return Suggestion(
            steepest: steps[steepest + 1].learningRate, lowest: steps[lowest].learningRate)
    }

    /// What to do, in a sentence or two.
    package var advice: String {
        guard let suggestion else {
            return "the loss did not fall: no rate is suggested; take more --steps, or another "
                + "range with --from and --to"
        }
        return "learning rate \(Self.text(suggestion.rate)): the loss falls fastest at "
            + "\(Self.text(suggestion.steepest)), and is lowest at "
            + "\(Self.text(suggestion.lowest)), a tenth of which is "
            + "\(Self.text(suggestion.tenthOfLowest))"
    }

    /// "3.2e-04".
    package static func text(_ rate: Double) -> String { String(format: "%.1e", rate) }

    /// - Parameter name: of the recipe.
    package func json(name: String, ranks: Int) -> JSONValue {
        let rows = zip(steps, smoothed).map { step, smoothed in
            JSONValue.object([
                "learning_rate": .number(step.learningRate), "loss": .number(step.loss),
                "smoothed_loss": .number(smoothed),
            ])
        }
        var members: [String: JSONValue] = [
            "name": .string(name), "ranks": .integer(ranks), "steps": .array(rows),
            "ended_early": .boolean(isEnded),
        ]
        members["steepest_learning_rate"] = suggestion.map { .number($0.steepest) }
        members["lowest_learning_rate"] = suggestion.map { .number($0.lowest) }
        members["suggested_learning_rate"] = suggestion.map { .number($0.rate) }
        return .object(members)
    }
}
