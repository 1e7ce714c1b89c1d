import Datasets
import Foundation
import Models
import Tensors

/// Pretraining and instruction tuning: the cross-entropy of every next token that counts.
package struct NextTokenObjective: Objective {
    package let model: LanguageModel

    package init(model: LanguageModel) {
        self.model = model
    }

    package var parameters: ParameterList { model.parameters }

    package var uniformLoss: Double? { log(Double(model.configuration.vocabularySize)) }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        model.loss(
            tape, inputs: batch.inputTensor(of: part, on: tape.device),
            targets: batch.targetTensor(of: part, on: tape.device), scale: 1, dropout: dropout,
            segments: batch.segments(of: part))
    }
}
