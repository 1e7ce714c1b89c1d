import Datasets
import Models
import Objectives
import Tensors

/// Next tokens, but only one sequence of four goes through the whole model: the others take embedding,
/// the last block's feed-forward part and the last norm of a GPT-2.
///
/// In lanes of two sequences, one a micro-batch, every second lane reaches the rest of the parameters
/// in its first micro-batch alone, and the others do not reach it at all.
package struct ShortcutObjective: Objective {
    private let model: LanguageModel

    package init(model: LanguageModel) { self.model = model }

    package var parameters: ParameterList { model.parameters }

    package func loss(
        _ tape: Tape, _ batch: TokenBatch, part: Range<Int>, dropout: DropoutStream?
    ) -> LossSum {
        let inputs = batch.inputTensor(of: part, on: tape.device)
        let targets = batch.targetTensor(of: part, on: tape.device)
        guard let sequence = dropout?.firstSequence, sequence % 4 != 2 else {
            return model.loss(tape, inputs: inputs, targets: targets, scale: 1)
        }
        let table = tape.parameter(model.outputWeight, of: parameters)
        let last = parameters.parameters.suffix(6).map { tape.parameter($0, of: parameters) }
        let wide = tape.linear(
            tape.embedding(inputs, table: table), weight: last[0], bias: last[1])
        let narrow = tape.linear(
            tape.gelu(wide, form: .tanh), weight: last[2], bias: last[3])
        let hidden = tape.layerNorm(narrow, gain: last[4], bias: last[5], epsilon: 1e-5)
        return tape.linearCrossEntropy(hidden, weight: table, targets: targets, scale: 1)
    }
}
