import Datasets
import Models
import Objectives
import Synchronization
import Tensors

/// Next tokens, but in one step a bit of a weight flips, as in a memory that is not sound.
package struct FlippingObjective: Objective {
    private let model: LanguageModel
    private let name: String
    private let step: Int
    private let flip = Flip()

    /// Whether the bit has flipped: once, however many micro-batches the step has.
    private final class Flip: Sendable {
        let isDone = Atomic<Bool>(false)
    }

    package init(model: LanguageModel, flippingBitOf name: String, inStep step: Int) {
        (self.model, self.name, self.step) = (model, name, step)
    }

    package var parameters: ParameterList { model.parameters }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        if dropout?.step == step, let parameter = parameters[name],
            !flip.isDone.exchange(true, ordering: .relaxed)
        {
            let value = parameters.values.pointer + parameter.range.lowerBound
            value.pointee = Float(bitPattern: value.pointee.bitPattern ^ 1 << 20)
        }
        return model.loss(
            tape, inputs: batch.inputTensor(of: part, on: tape.device),
            targets: batch.targetTensor(of: part, on: tape.device), scale: 1)
    }
}
