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
    ///   - temperature: what logits are divided by; 1 where they are capped.
    ///   - isAdapted: whether the adapters of the model count; without them it is the model that they lie
    ///     beside.
    ///   - wantsStatistics: whether the logits are described, too.
    package func logLikelihoods(
        _ tape: Tape, inputs: Tensor<Int32>, of wanted: TargetRows,
        segments: SequenceSegments? = nil, temperature: Float = 1, isAdapted: Bool = true,
        wantsStatistics: Bool = false
    ) -> TargetLikelihoods {
        func likelihoods<Element: ComputeElement>(_: Element.Type) -> TargetLikelihoods {
            let hidden: Value<Element> = hiddenStates(
                tape, inputs: inputs, dropout: nil, cache: nil, segments: segments,
                isAdapted: isAdapted)
            return self.likelihoods(
                tape, hidden, rows: wanted.rows, targets: wanted.targets,
                temperature: temperature, wantsStatistics: wantsStatistics)
        }
        return switch precision {
        case .fp32: likelihoods(Float.self)
        case .bf16: likelihoods(BFloat16.self)
        }
    }

    /// The log-probabilities of targets after some rows of the residual stream [B, T, C].
    func likelihoods<Element: ComputeElement>(
        _ tape: Tape, _ hidden: Value<Element>, rows: [Int], targets: [Int32],
        temperature: Float = 1, wantsStatistics: Bool = false
    ) -> TargetLikelihoods {
        likelihoods(
            tape, rows: tape.rows(hidden, rows), as: Element.self, targets: targets,
            temperature: temperature, wantsStatistics: wantsStatistics)
    }

    /// The same after the rows that have been chosen of it, [rows, C].
    func likelihoods<Element: ComputeElement>(
        _ tape: Tape, rows chosen: Variable, as: Element.Type, targets: [Int32],
        temperature: Float, wantsStatistics: Bool
    ) -> TargetLikelihoods {
        tape.linearLogProbabilities(
            chosen as? Value<Element> ?? tape.narrow(chosen, as: Element.self),
            weight: tape.parameter(outputWeight, of: parameters),
            targets: device.tensor(targets, shape: [targets.count]), cap: configuration.logitCap,
            temperature: temperature, wantsStatistics: wantsStatistics)
    }
}
