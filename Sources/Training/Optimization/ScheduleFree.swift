import CKernels
import Foundation

/// Schedule-Free AdamW (Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky, "The road less scheduled",
/// 2024), as facebookresearch/schedule_free computes it.
///
///     g = gradient at y * scale        v = beta2 v + (1 - beta2) g²
///     d = g / (sqrt(v / (1 - beta2^t)) + epsilon) + decay y
///     z = z - rate d                   x = (1 - c) x + c z
///     y = (1 - beta1) z + beta1 x      c = w_t / (w_1 + ... + w_t), w = (largest rate so far)²
///
/// A step is computed at y, and what is evaluated and saved is the average x: it needs no schedule that
/// knows the end of the run, only a warm-up. Usual rates are 1 to 10 times those of AdamW, with a beta1 of
/// 0.9 to 0.98. Matrices decay; biases and norms do not. At first x = y = z.
struct ScheduleFree: UpdateRule {
    /// z and v as the reference names them, and x, which is in a checkpoint as the weights.
    static let lists = [
        StateList(".z"), StateList(".exp_avg_sq"), StateList(".x", isStored: false),
    ]

    private let settings: kernel_schedule_free_settings

    /// - Parameter share: c, of the new iterate in the average.
    init(_ options: OptimizerOptions, _ update: UpdateSettings, share: Double) {
        settings = kernel_schedule_free_settings(
            learning_rate: Float(update.learningRate), beta1: Float(options.beta1),
            beta2: Float(options.beta2), epsilon: Float(options.epsilon),
            weight_decay: Float(update.weightDecay),
            second_correction: Float(1 - pow(options.beta2, Double(update.count))),
            gradient_scale: Float(update.gradientScale), share: Float(share))
    }

    func update(_ piece: UpdatedPiece) {
        var settings = settings
        let (z, v, x) = (piece.lists[0], piece.lists[1], piece.lists[2])
        if let rounded = piece.rounded {
            kernel_schedule_free_bf16(
                piece.weights, z, v, x, piece.gradients, piece.count, &settings, rounded,
                piece.found, piece.written)
        } else {
            kernel_schedule_free(
                piece.weights, z, v, x, piece.gradients, piece.count, &settings, piece.found,
                piece.written)
        }
    }
}

/// The weights of the average of Schedule-Free AdamW so far.
package struct AverageWeights: Equatable, Sendable {
    /// Of all updates.
    package private(set) var sum: Double
    package private(set) var largestRate: Double

    package init(sum: Double = 0, largestRate: Double = 0) {
        (self.sum, self.largestRate) = (sum, largestRate)
    }

    /// Takes up an update.
    ///
    /// - Returns: c, its share in the average.
    mutating func add(learningRate: Double) -> Double {
        largestRate = max(largestRate, learningRate)
        let weight = largestRate * largestRate
        sum += weight
        return sum > 0 ? weight / sum : 0
    }
}
