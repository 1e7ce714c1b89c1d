import Datasets
import Evaluation
import Models
import Tensors

/// Pretraining: the cross-entropy of every next token.
package struct NextTokenObjective: Objective {
    package let model: any LanguageModel

    package init(model: any LanguageModel) {
        self.model = model
    }

    package var parameters: ParameterList { model.parameters }

    package func countedTokens(in batch: TokenBatch, part: Range<Int>) -> Int {
        part.count * batch.sequenceLength
    }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream
    ) -> LossSum {
        model.loss(
            tape, inputs: batch.inputTensor(of: part, on: tape.device),
            targets: batch.targetTensor(of: part, on: tape.device), scale: 1, dropout: dropout)
    }
}
