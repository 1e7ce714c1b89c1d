import Tensors

extension LanguageModel {
    /// inputs [B, T] -> logits [B, T, V].
    package func logits(_ tape: Tape, inputs: Tensor<Int32>) -> Variable {
        let hidden: Variable = hiddenStates(tape, inputs: inputs, dropout: nil, cache: nil)
        return outputLayer(tape, hidden, as: Float.self)
    }

    /// The logits behind the residual stream after the last norm: [..., C] -> [..., V].
    ///
    /// - Parameter element: the element in which the product is computed.
    package func outputLayer<Element: ComputeElement>(
        _ tape: Tape, _ hidden: Variable, as element: Element.Type
    ) -> Variable {
        let logits = tape.linear(
            hidden, transposedWeight: tape.parameter(outputWeight, of: parameters), as: element)
        return configuration.logitCap.map { tape.softCap(logits, by: $0) } ?? logits
    }

    /// Logits within their bound; those that are not wanted stay -infinity.
    func capped(_ logits: Tensor<Float>) -> Tensor<Float> {
        guard let cap = configuration.logitCap else { return logits }
        let capped = device.uninitialized(logits.shape)
        device.softCap(logits, by: cap, into: capped)
        for index in logits.buffer.indices where logits.pointer[index] == -.infinity {
            capped.pointer[index] = -.infinity
        }
        return capped
    }
}
