import Tensors

extension LanguageModel {
    /// inputs [B, T] -> logits [B, T, V].
    package func logits(_ tape: Tape, inputs: Tensor<Int32>) -> Variable {
        let hidden: Variable = hiddenStates(tape, inputs: inputs, dropout: nil, cache: nil)
        return outputLayer(tape, hidden, as: Float.self)
    }

    /// inputs [1, T] -> the logits [V] of the token that follows.
    ///
    /// - Parameters:
    ///   - cache: the tokens before `inputs`; takes up `inputs` too.
    ///   - wanted: the logits that matter: others may be -infinity, which saves reading their weights
    ///     where they are packed. Nil: all.
    package func nextTokenLogits(
        _ inputs: Tensor<Int32>, cache: KeyValueCache? = nil, wanted: LargestWanted? = nil
    ) -> Tensor<Float> {
        nextLogits(inputs, cache: cache, wanted: wanted).reshaped([configuration.vocabularySize])
    }

    /// inputs [B, T] -> the logits [B, V] of the tokens that follow.
    ///
    /// - Parameters: see `nextTokenLogits`; of several sequences all logits are given.
    package func nextLogits(
        _ inputs: Tensor<Int32>, cache: KeyValueCache? = nil, wanted: LargestWanted? = nil
    ) -> Tensor<Float> {
        switch precision {
        case .fp32: nextLogits(inputs, cache, wanted, element: Float.self)
        case .bf16: nextLogits(inputs, cache, wanted, element: BFloat16.self)
        }
    }

    private func nextLogits<Element: ComputeElement>(
        _ inputs: Tensor<Int32>, _ cache: KeyValueCache?, _ wanted: LargestWanted?,
        element: Element.Type
    ) -> Tensor<Float> {
        let tape = Tape(device: device)
        let hidden: Value<Element> = hiddenStates(
            tape, inputs: inputs, dropout: nil, cache: cache)
        cache?.advance(by: inputs.shape[1])
        let last = Element.widened(lastPositions(hidden.value), on: device)
        if let wanted, let weights = parameters.packed(outputWeight), weights.hasEstimates,
            inputs.shape[0] == 1
        {
            return capped(device.largestProducts(last, weights, wanted: wanted))
        }
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

    func outputLayer<Element: ComputeElement>(
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
