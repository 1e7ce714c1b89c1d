import Tensors

extension LanguageModel {
    /// The sum of the losses of `targets` [B, T] given `inputs` [B, T], and its backward root.
    ///
    /// - Parameters:
    ///   - scale: what the gradients of the sum are multiplied with, mostly
    ///     1 / (counted tokens of the global batch).
    ///   - dropout: the random numbers of dropout; nil switches it off.
    ///   - segments: the examples that share sequences; nil where each sequence is one.
    package func loss(
        _ tape: Tape, inputs: Tensor<Int32>, targets: Tensor<Int32>, scale: Float,
        dropout: DropoutStream? = nil, segments: SequenceSegments? = nil
    ) -> LossSum {
        switch precision {
        case .fp32:
            loss(tape, inputs, targets, scale, dropout, segments, element: Float.self)
        case .bf16:
            loss(tape, inputs, targets, scale, dropout, segments, element: BFloat16.self)
        }
    }

    private func loss<Element: ComputeElement>(
        _ tape: Tape, _ inputs: Tensor<Int32>, _ targets: Tensor<Int32>, _ scale: Float,
        _ dropout: DropoutStream?, _ segments: SequenceSegments?, element: Element.Type
    ) -> LossSum {
        let hidden: Value<Element> = hiddenStates(
            tape, inputs: inputs, dropout: dropout, cache: nil, segments: segments)
        return tape.linearCrossEntropy(
            hidden, weight: tape.parameter(outputWeight, of: parameters), targets: targets,
            scale: scale, cap: configuration.logitCap)
    }

    /// The loss of each target, in nats: inputs [B, T] and targets [B, T] -> [B, T]. It is 0 where the
    /// target is below 0, else minus the log-likelihood of the target.
    ///
    /// Only positions that have a target go through the output layer. There is no backward pass.
    ///
    /// - Parameter cache: the tokens before `inputs`; takes up `inputs` too.
    package func tokenLosses(
        inputs: Tensor<Int32>, targets: Tensor<Int32>, cache: KeyValueCache? = nil
    ) -> Tensor<Float> {
        switch precision {
        case .fp32: tokenLosses(inputs, targets, cache, element: Float.self)
        case .bf16: tokenLosses(inputs, targets, cache, element: BFloat16.self)
        }
    }

    private func tokenLosses<Element: ComputeElement>(
        _ inputs: Tensor<Int32>, _ targets: Tensor<Int32>, _ cache: KeyValueCache?,
        element: Element.Type
    ) -> Tensor<Float> {
        precondition(
            inputs.shape == targets.shape, "expected \(inputs.shape), got \(targets.shape)")
        let tape = Tape(device: device)
        let hidden: Value<Element> = hiddenStates(
            tape, inputs: inputs, dropout: nil, cache: cache)
        cache?.advance(by: inputs.shape[1])

        let counted = targets.buffer.indices.filter { targets.buffer[$0] >= 0 }
        let likelihoods = self.likelihoods(
            tape, hidden, rows: counted, targets: counted.map { targets.buffer[$0] })
        let losses = device.zeros(targets.shape)
        for (index, position) in counted.enumerated() {
            losses.buffer[position] = -likelihoods.values.value.buffer[index]
        }
        return losses
    }
}
