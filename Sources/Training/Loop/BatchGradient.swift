import Tensors

/// The gradient of one global batch.
package struct BatchGradient {
    /// Sum over all that counts, in the layout of the parameter list: the same on all ranks, but
    /// where the optimizer is sharded only this rank's slices hold it.
    let values: Tensor<Float>
    /// The update that has been made of it, while it came, after which `values` hold nothing of it; nil
    /// where none has.
    let update: BucketUpdate.Result?
    /// Sum of the losses of all that counts, in nats.
    let lossSum: Double
    /// The divisor that makes `lossSum` an average: mostly the number of counted tokens.
    let weight: Double
    /// Further sums of the objective over all that counts.
    let sums: [Double]
    /// Tokens that the model read.
    let tokenCount: Int
    /// The sequences of the global batch that count: all of them, or those of this island.
    let sequences: Range<Int>
    /// The part of each lane in `lossSum`.
    let laneLosses: [Double]
    /// Global norm of `values`.
    let normOfSum: Double

    /// The factor that makes a sum an average; 0 where nothing counts.
    var averaging: Double { weight > 0 ? 1 / weight : 0 }
    /// Nats per counted token.
    package var loss: Double { lossSum * averaging }
    /// Global norm of the gradient of `loss`.
    package var norm: Double { normOfSum * averaging }
    var isFinite: Bool { lossSum.isFinite && normOfSum.isFinite }
}
