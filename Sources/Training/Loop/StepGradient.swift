import Tensors

/// The gradient of one global batch.
package struct StepGradient {
    /// Sum over all counted tokens, in the layout of the parameter list: the same on all ranks, but
    /// where the optimizer is sharded only this rank's slices hold it.
    let values: Tensor<Float>
    /// Sum of the losses of all counted tokens, in nats.
    let lossSum: Double
    let countedTokens: Int
    /// The part of each lane in `lossSum`.
    let laneLosses: [Double]
    /// Global norm of `values`.
    let normOfSum: Double

    /// What turns a sum over tokens into an average.
    var averaging: Double { 1 / Double(max(1, countedTokens)) }
    /// Nats per counted token.
    package var loss: Double { lossSum * averaging }
    /// Global norm of the gradient of `loss`.
    package var norm: Double { normOfSum * averaging }
    var isFinite: Bool { lossSum.isFinite && normOfSum.isFinite }
}
