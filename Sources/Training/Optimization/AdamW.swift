import CKernels
import Foundation

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
///
///     g = gradient * scale
///     m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g²
///     p = p (1 - rate decay) - rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// t counts updates from 1. Matrices decay; biases and norms (one dimension) do not.
struct AdamW: UpdateRule {
    /// m and v, under PyTorch's names.
    static let stateSuffixes = [".exp_avg", ".exp_avg_sq"]

    private let settings: kernel_adamw_settings

    init(_ options: OptimizerOptions, _ update: UpdateSettings) {
        let count = Double(update.count)
        settings = kernel_adamw_settings(
            learning_rate: Float(update.learningRate), beta1: Float(options.beta1),
            beta2: Float(options.beta2), epsilon: Float(options.epsilon),
            weight_decay: Float(update.weightDecay),
            first_correction: Float(1 - pow(options.beta1, count)),
            second_correction: Float(1 - pow(options.beta2, count)),
            gradient_scale: Float(update.gradientScale))
    }

    func update(_ piece: UpdatedPiece) {
        var settings = settings
        let (m, v) = (piece.lists[0], piece.lists[1])
        if let rounded = piece.rounded {
            kernel_adamw_bf16(
                piece.weights, m, v, piece.gradients, piece.count, &settings, rounded,
                piece.found, piece.written)
        } else {
            kernel_adamw(
                piece.weights, m, v, piece.gradients, piece.count, &settings, piece.found,
                piece.written)
        }
    }
}
