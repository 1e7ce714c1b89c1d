import Tensors

/// Places in a batch, and the tokens whose log-probabilities are wanted there.
package struct TargetRows {
    /// Of the B T rows of the batch; none occurs twice.
    package var rows: [Int] = []
    /// The token that follows each of them.
    package var targets: [Int32] = []

    package init() {}
}

extension LanguageModel {
    /// The log-probabilities of some targets, one by one and with gradients: inputs [B, T] -> [rows].
    ///
    /// Only these rows go through the output layer, a slice at a time.
    ///
    /// - Parameters:
    ///   - segments: the texts that share sequences; nil where each sequence is one.
    ///   - wantsStatistics: whether the logits are described, too.
    package func logLikelihoods(
        _ tape: Tape, inputs: Tensor<Int32>, of wanted: TargetRows,
        segments: SequenceSegments? = nil, wantsStatistics: Bool = false
    ) -> TargetLikelihoods {
        switch precision {
        case .fp32:
            logLikelihoods(tape, inputs, wanted, segments, wantsStatistics, element: Float.self)
        case .bf16:
            logLikelihoods(tape, inputs, wanted, segments, wantsStatistics, element: BFloat16.self)
        }
    }

    private func logLikelihoods<Element: ComputeElement>(
        _ tape: Tape, _ inputs: Tensor<Int32>, _ wanted: TargetRows,
        _ segments: SequenceSegments?, _ wantsStatistics: Bool, element: Element.Type
    ) -> TargetLikelihoods {
        let hidden: Value<Element> = hiddenStates(
            tape, inputs: inputs, dropout: nil, cache: nil, segments: segments)
        return likelihoods(
            tape, hidden, rows: wanted.rows, targets: wanted.targets,
            wantsStatistics: wantsStatistics)
    }

    /// The log-probabilities of targets after some rows of the residual stream [B, T, C].
    func likelihoods<Element: ComputeElement>(
        _ tape: Tape, _ hidden: Value<Element>, rows: [Int], targets: [Int32],
        wantsStatistics: Bool = false
    ) -> TargetLikelihoods {
        let chosen = tape.rows(hidden, rows)
        return tape.linearLogProbabilities(
            chosen as? Value<Element> ?? tape.narrow(chosen, as: Element.self),
            weight: tape.parameter(outputWeight, of: parameters),
            targets: device.tensor(targets, shape: [targets.count]), cap: configuration.logitCap,
            wantsStatistics: wantsStatistics)
    }
}
