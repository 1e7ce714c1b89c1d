import Models
import Tensors

/// The token that follows, from passes with a cache of several sequences, by which the engine is checked.
extension LanguageModel {
    /// inputs [1, T] -> the logits [V] of the token that follows.
    package func nextTokenLogits(
        _ inputs: Tensor<Int32>, cache: KeyValueCache? = nil
    ) -> Tensor<Float> {
        nextLogits(inputs, cache: cache).reshaped([configuration.vocabularySize])
    }

    /// inputs [B, T] -> the logits [B, V] of the tokens that follow.
    ///
    /// - Parameter cache: the tokens before `inputs`; takes up `inputs` too.
    package func nextLogits(
        _ inputs: Tensor<Int32>, cache: KeyValueCache? = nil
    ) -> Tensor<Float> {
        switch precision {
        case .fp32: nextLogits(inputs, cache, element: Float.self)
        case .bf16: nextLogits(inputs, cache, element: BFloat16.self)
        }
    }

    private func nextLogits<Element: ComputeElement>(
        _ inputs: Tensor<Int32>, _ cache: KeyValueCache?, element: Element.Type
    ) -> Tensor<Float> {
        let tape = Tape(device: device)
        let hidden: Value<Element> = hiddenStates(
            tape, inputs: inputs, dropout: nil, cache: cache)
        cache?.advance(by: inputs.shape[1])
        let last = Element.widened(lastPositions(hidden.value), on: device)
        return outputLayer(tape, tape.constant(last), as: Element.self).value
    }

    /// [B, T, C] -> [B, C].
    private func lastPositions<Element>(_ hidden: Tensor<Element>) -> Tensor<Element> {
        let (batchSize, length) = (hidden.shape[0], hidden.shape[1])
        let last = device.uninitialized(
            [batchSize, configuration.embeddingSize], of: Element.self)
        let rows = hidden.reshaped([batchSize * length, configuration.embeddingSize])
        for sequence in 0..<batchSize {
            let row = (sequence + 1) * length - 1
            device.copy(rows.slice(row..<row + 1), to: last.slice(sequence..<sequence + 1))
        }
        return last
    }
}
