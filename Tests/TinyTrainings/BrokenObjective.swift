import Datasets
import Models
import Objectives
import Tensors

/// Next tokens, but in some steps the gradient of one micro-batch is no number.
package struct BrokenObjective: Objective {
    private let model: LanguageModel
    private let brokenSteps: Set<Int>
    private let gradientScale: Float

    package init(model: LanguageModel, brokenSteps: Set<Int>, gradientScale: Float) {
        (self.model, self.brokenSteps, self.gradientScale) = (model, brokenSteps, gradientScale)
    }

    package var parameters: ParameterList { model.parameters }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        let isBroken =
            dropout.map { brokenSteps.contains($0.step) && $0.firstSequence == 2 } ?? false
        return model.loss(
            tape, inputs: batch.inputTensor(of: part, on: tape.device),
            targets: batch.targetTensor(of: part, on: tape.device),
            scale: isBroken ? gradientScale : 1)
    }
}
