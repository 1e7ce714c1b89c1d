import Datasets
import Tensors

/// What a run minimises. Pretraining, fine-tuning and alignment differ by their objective and by which
/// parameters are trained; the loop is the same.
package protocol Objective {
    /// The parameters whose gradients the loss gives.
    var parameters: ParameterList { get }

    /// Tokens of sequences `part` of `batch` that count in the loss.
    func countedTokens(in batch: TokenBatch, part: Range<Int>) -> Int

    /// The loss, summed over the counted tokens of sequences `part` of `batch`. It is divided by the
    /// number of counted tokens of the global batch in one place, `StepGradient`.
    ///
    /// - Parameter dropout: the random numbers of dropout.
    func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream
    ) -> LossSum
}
