import Datasets
import Models
import Tensors

/// Pretraining: the cross-entropy of every next token.
package struct NextTokenObjective: Objective {
    package let model: GPT2

    package init(model: GPT2) {
        self.model = model
    }

    package var parameters: ParameterList { model.parameters }

    package func countedTokens(in batch: TokenBatch) -> Int { batch.targets.count }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, scale: Float, dropout: DropoutStream?
    ) -> LossSum {
        model.loss(
            tape, inputs: batch.inputs(of: part, on: tape.device),
            targets: batch.targets(of: part, on: tape.device), scale: scale, dropout: dropout)
    }
}
