import Diagnostics
import Foundation

/// Tells from the metrics of a run that it does not learn, and what to change.
///
/// Each sign is told once, and again only where it went away in between. No sign is told of the first
/// steps, nor of one step alone: batches differ.
package struct LearningSigns: Sendable {
    /// What the signs are measured by.
    package struct Scale: Sendable {
        /// The loss of a model that gives every answer the same chance; nil where nobody knows it.
        package var uniformLoss: Double?
        package var warmupSteps: Int
        package var stepCount: Int
        package var peakLearningRate: Double

        package init(
            uniformLoss: Double?, warmupSteps: Int, stepCount: Int, peakLearningRate: Double
        ) {
            self.uniformLoss = uniformLoss
            self.warmupSteps = warmupSteps
            self.stepCount = stepCount
            self.peakLearningRate = peakLearningRate
        }
    }

    /// What is to be told about a step.
    package struct Finding: Equatable, Sendable {
        package let text: String
        /// Whether the run is about to diverge, or does.
        package let isDivergence: Bool
    }

    private enum Sign { case aboveUniform, noFall, explodingNorm, spentSchedule }

    /// Steps whose losses are averaged.
    private static let window = 20
    /// Steps from which on a norm is compared with those before.
    private static let normWindow = 100
    /// How many times the usual norm is too much, and for how many steps in a row.
    private static let (explosion, explodingSteps) = (10.0, 3)
    private static let spentShare = 0.02

    private let scale: Scale
    private var told: Set<Sign> = []
    /// The last losses and norms, the newest at the end.
    private var losses: [Double] = []
    private var norms: [Double] = []
    private var explodingCount = 0
    /// The average of the first losses.
    private var startLoss: Double?
    private var course: LossCourse

    package init(_ scale: Scale) {
        self.scale = scale
        course = LossCourse(length: max(400, 2 * scale.warmupSteps, scale.stepCount / 5))
    }

    /// Takes up a step; returns what is to be told about it.
    package mutating func note(_ metrics: TrainingMetrics) -> [Finding] {
        // Steps without a finite gradient are skipped, and told of elsewhere.
        guard metrics.loss.isFinite, metrics.gradientNorm.isFinite else { return [] }
        let (norm, course) = (explodingNorm(metrics), noFall(metrics))
        losses = losses.suffix(Self.window - 1) + [metrics.loss]
        guard losses.count == Self.window else { return findings([norm], [course]) }
        let mean = losses.reduce(0, +) / Double(Self.window)
        startLoss = startLoss ?? mean
        return findings([norm, aboveUniform(mean, metrics)], [course, spent(metrics)])
    }

    private func findings(_ divergence: [String?], _ others: [String?]) -> [Finding] {
        divergence.compactMap { $0.map { Finding(text: $0, isDivergence: true) } }
            + others.compactMap { $0.map { Finding(text: $0, isDivergence: false) } }
    }

    /// Whether a sign is to be told now.
    private mutating func tells(_ sign: Sign, _ isThere: Bool) -> Bool {
        guard isThere else {
            told.remove(sign)
            return false
        }
        return told.insert(sign).inserted
    }

    private mutating func aboveUniform(_ mean: Double, _ metrics: TrainingMetrics) -> String? {
        guard let uniform = scale.uniformLoss, metrics.step > scale.warmupSteps else { return nil }
        // A fresh model begins a little above: its logits are not quite equal.
        let isAbove = mean > uniform + max(0.1, 0.02 * uniform)
        guard tells(.aboveUniform, isAbove) else { return nil }
        return "the loss, \(mean.formattedTo(2)) over \(Self.window) steps, is above "
            + "\(uniform.formattedTo(2)), that of a model which only guesses: lower "
            + "optimizer.learning_rate (now \(Self.rate(metrics.learningRate))) to a third, or "
            + "raise warmup_steps"
    }

    private mutating func noFall(_ metrics: TrainingMetrics) -> String? {
        guard let halves = course.note(metrics.loss) else { return nil }
        let isFlat =
            halves.later > halves.earlier - halves.error / 2
            && metrics.learningRate > scale.peakLearningRate / 10
        guard tells(.noFall, isFlat) else { return nil }
        let hasLearnt = startLoss.map { halves.later < 0.95 * $0 } ?? false
        return "the loss has not fallen in \(course.length) steps: \(halves.later.formattedTo(3)), "
            + "before \(halves.earlier.formattedTo(3)): "
            + (hasLearnt
                ? "the model may have learnt what it can: fewer steps, a larger model or more text"
                : "raise optimizer.learning_rate (now \(Self.rate(metrics.learningRate))) to the "
                    + "triple, or lower it to a third, and look at the data with replay")
    }

    private mutating func explodingNorm(_ metrics: TrainingMetrics) -> String? {
        guard norms.count == Self.normWindow, metrics.step > scale.warmupSteps else {
            norms = norms.suffix(Self.normWindow - 1) + [metrics.gradientNorm]
            return nil
        }
        let usual = norms.sorted()[Self.normWindow / 2]
        let isLarge = metrics.gradientNorm > Self.explosion * usual
        explodingCount = isLarge ? explodingCount + 1 : 0
        // What explodes is not what is usual.
        if !isLarge || explodingCount > Self.normWindow {
            norms = norms.dropFirst() + [metrics.gradientNorm]
        }
        guard tells(.explodingNorm, explodingCount >= Self.explodingSteps) else { return nil }
        return "the gradient norm, \(Quantity.number(metrics.gradientNorm)), is "
            + "\(Quantity.whole(metrics.gradientNorm / usual)) times what is usual here: lower "
            + "optimizer.learning_rate (now \(Self.rate(metrics.learningRate))) before the run "
            + "diverges; a checkpoint of a step before is a good place to go on from"
    }

    private mutating func spent(_ metrics: TrainingMetrics) -> String? {
        let left = scale.stepCount - metrics.step
        let isSpent =
            metrics.step > scale.warmupSteps
            && metrics.learningRate < Self.spentShare * scale.peakLearningRate
            && left * 8 > scale.stepCount
        guard tells(.spentSchedule, isSpent) else { return nil }
        return "the learning rate, \(Self.rate(metrics.learningRate)), is below 2 % of its peak, "
            + "and \(Quantity.count(left, "step")) are left, which change little: raise "
            + "optimizer.minimum_learning_rate, or make fewer steps"
    }

    private static func rate(_ value: Double) -> String { String(format: "%.2g", value) }
}

/// The losses of the last steps, in eight blocks.
private struct LossCourse: Sendable {
    /// The averages of the earlier and the later half, and the error of their difference by chance.
    struct Halves {
        let earlier: Double
        let later: Double
        let error: Double
    }

    private static let blockCount = 8

    let length: Int
    private let blockLength: Int
    /// Averages, and of squares of the differences from one loss to the next.
    private var blocks: [(loss: Double, squares: Double)] = []
    private var (sum, squares, count) = (0.0, 0.0, 0)
    private var last: Double?

    init(length: Int) {
        blockLength = length / Self.blockCount
        self.length = blockLength * Self.blockCount
    }

    /// Takes up a loss; returns the halves whenever a block is full and there are eight.
    mutating func note(_ loss: Double) -> Halves? {
        sum += loss
        squares += last.map { ($0 - loss) * ($0 - loss) } ?? 0
        last = loss
        count += 1
        guard count == blockLength else { return nil }
        let block = (loss: sum / Double(count), squares: squares / Double(count))
        blocks = blocks.suffix(Self.blockCount - 1) + [block]
        (sum, squares, count) = (0, 0, 0)
        guard blocks.count == Self.blockCount else { return nil }
        let half = Self.blockCount / 2
        func mean(_ part: ArraySlice<(loss: Double, squares: Double)>) -> Double {
            part.reduce(0) { $0 + $1.loss } / Double(part.count)
        }
        // What the course itself adds to such differences is little: a variance is half of their square.
        let variance = blocks.reduce(0) { $0 + $1.squares } / Double(2 * blocks.count)
        return Halves(
            earlier: mean(blocks[..<half]), later: mean(blocks[half...]),
            error: (variance * 2 / Double(half * blockLength)).squareRoot())
    }
}
