import Datasets
import Tensors

/// What a run minimises. Pretraining, fine-tuning and alignment differ by their objective and by which
/// parameters are trained; the loop is the same.
package protocol Objective {
    /// The parameters whose gradients the loss gives.
    var parameters: ParameterList { get }

    /// Tokens of `batch` that count in the loss.
    func countedTokens(in batch: TokenBatch) -> Int

    /// The loss, summed over the counted tokens of sequences `part` of `batch`.
    ///
    /// - Parameters:
    ///   - scale: what the gradients of the sum are multiplied with.
    ///   - dropout: the random numbers of dropout; nil where nothing is dropped.
    func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, scale: Float, dropout: DropoutStream?
    ) -> LossSum
}
