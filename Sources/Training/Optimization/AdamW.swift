import CKernels
import Foundation
import Tensors

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
///
///     g = gradient * scale
///     m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g²
///     p = p (1 - rate decay) - rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// Matrices decay; biases and norms (one dimension) do not.
package final class AdamW {
    package let parameters: ParameterList
    /// m and v, in the layout of the parameter list.
    package let firstMoments: Tensor<Float>
    package let secondMoments: Tensor<Float>
    /// t: updates made so far.
    package var updateCount = 0
    private let options: OptimizerOptions

    package init(_ options: OptimizerOptions, parameters: ParameterList) {
        self.options = options
        self.parameters = parameters
        firstMoments = parameters.device.zeros([parameters.flatCount])
        secondMoments = parameters.device.zeros([parameters.flatCount])
    }

    /// Updates every parameter.
    ///
    /// - Parameters:
    ///   - gradients: in the layout of the parameter list.
    ///   - gradientScale: what clipping multiplies them with.
    package func update(_ gradients: Tensor<Float>, learningRate: Double, gradientScale: Double) {
        precondition(
            gradients.count == parameters.flatCount,
            "expected \(parameters.flatCount) gradients, got \(gradients.count)")
        updateCount += 1
        let device = parameters.device
        let pieces = parameters.parameters.flatMap(pieces(of:))
        let rates = [false, true].map { decays in
            settings(learningRate: learningRate, gradientScale: gradientScale, decays: decays)
        }
        let (values, rounded) = (parameters.values, parameters.bfloat16)
        device.forEach(pieces.count, as: .optimizer) { index in
            let piece = pieces[index]
            let start = piece.range.lowerBound
            var settings = rates[piece.decays ? 1 : 0]
            if let rounded {
                kernel_adamw_bf16(
                    values.pointer + start, firstMoments.pointer + start,
                    secondMoments.pointer + start, gradients.pointer + start, piece.range.count,
                    &settings, rounded.pointer.kernel + start)
            } else {
                kernel_adamw(
                    values.pointer + start, firstMoments.pointer + start,
                    secondMoments.pointer + start, gradients.pointer + start, piece.range.count,
                    &settings)
            }
        }
    }

    private struct Piece {
        let range: Range<Int>
        let decays: Bool
    }

    /// What one thread updates at a time.
    private static let pieceSize = 1 << 16

    private func pieces(of parameter: Parameter) -> [Piece] {
        let range = parameter.range
        return stride(from: range.lowerBound, to: range.upperBound, by: Self.pieceSize).map {
            Piece(
                range: $0..<min($0 + Self.pieceSize, range.upperBound),
                decays: parameter.shape.count >= 2)
        }
    }

    private func settings(
        learningRate: Double, gradientScale: Double, decays: Bool
    ) -> kernel_adamw_settings {
        kernel_adamw_settings(
            learning_rate: Float(learningRate), beta1: Float(options.beta1),
            beta2: Float(options.beta2), epsilon: Float(options.epsilon),
            weight_decay: decays ? Float(options.weightDecay) : 0,
            first_correction: Float(1 - pow(options.beta1, Double(updateCount))),
            second_correction: Float(1 - pow(options.beta2, Double(updateCount))),
            gradient_scale: Float(gradientScale))
    }
}
