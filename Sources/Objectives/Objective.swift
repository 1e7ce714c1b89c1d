import Datasets
import Tensors

/// What a run minimises. Pretraining, fine-tuning and alignment differ by their objective and by which
/// parameters are trained; the loop is the same.
package protocol Objective {
    /// Those with gradients are trained.
    var parameters: ParameterList { get }

    /// How much sequences `part` of `batch` count in the loss: mostly the number of their targets.
    func weight(of batch: TokenBatch, part: Range<Int>) -> Double

    /// The loss, summed over what counts of sequences `part` of `batch`. It is divided by the weight
    /// of the global batch in one place, `StepGradient`.
    ///
    /// - Parameter dropout: the random numbers of dropout; nil switches it off.
    func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum
}

extension Objective {
    /// Each target counts alike.
    package func weight(of batch: TokenBatch, part: Range<Int>) -> Double {
        Double(batch.countedTargets(of: part))
    }
}
