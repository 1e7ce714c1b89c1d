import Foundation

/// The learning rate of each step: a rise in a straight line over the warm-up, then the course of the
/// schedule down to the minimum, which the step after the last would have (as in nanoGPT: with a minimum
/// of 0 a last step at the minimum would change nothing).
package struct LearningRateSchedule: Equatable, Sendable {
    private let options: OptimizerOptions
    private let stepCount: Int

    /// The part of a wsd schedule in which the rate falls (Hu et al., "MiniCPM", 2024, use a tenth; Hägele
    /// et al., 2024, a fifth).
    private static let decayShare = 0.2

    package init(_ options: OptimizerOptions, stepCount: Int) {
        self.options = options
        self.stepCount = stepCount
    }

    /// The rate of the update made with batch `step`, from 0.
    package func value(at step: Int) -> Double {
        let peak = options.learningRate
        if step < options.warmupSteps {
            return peak * Double(step + 1) / Double(options.warmupSteps + 1)
        }
        let minimum = options.minimumLearningRate
        let remaining = stepCount - options.warmupSteps
        let progress = min(1, Double(step - options.warmupSteps) / Double(max(1, remaining)))
        switch options.course {
        case .constant: return peak
        case .linear: return peak + (minimum - peak) * progress
        case .cosine: return minimum + (peak - minimum) * 0.5 * (1 + cos(.pi * progress))
        case .wsd:
            let decay = max(0, (progress - 1 + Self.decayShare) / Self.decayShare)
            return peak + (minimum - peak) * decay
        }
    }
}
