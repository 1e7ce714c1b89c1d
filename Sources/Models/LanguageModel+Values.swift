import Tensors

/// The log-probabilities of some targets, and what the rest of their texts is worth.
package struct ValuedLikelihoods {
    package let likelihoods: TargetLikelihoods
    /// Before each target, [rows, 1].
    package let values: Variable
}

extension LanguageModel {
    /// The weight [1, C] of a value head; nil for a model without one.
    package var valueHead: Parameter? { parameters[ParameterPlan.valueHeadName] }

    /// The log-probabilities of some targets, as `logLikelihoods` has them, bit for bit, and the values
    /// before them, of one pass.
    ///
    /// - Precondition: the model has a value head.
    package func valuedLikelihoods(
        _ tape: Tape, inputs: Tensor<Int32>, of wanted: TargetRows, temperature: Float,
        wantsStatistics: Bool = false
    ) -> ValuedLikelihoods {
        func valued<Element: ComputeElement>(_: Element.Type) -> ValuedLikelihoods {
            let rows = chosenRows(tape, inputs, wanted.rows, as: Element.self)
            return ValuedLikelihoods(
                likelihoods: likelihoods(
                    tape, rows: rows, as: Element.self, targets: wanted.targets,
                    temperature: temperature, wantsStatistics: wantsStatistics),
                values: values(tape, rows))
        }
        return switch precision {
        case .fp32: valued(Float.self)
        case .bf16: valued(BFloat16.self)
        }
    }

    /// The values at some tokens: inputs [B, T] -> [rows, 1].
    ///
    /// - Precondition: the model has a value head.
    package func values(_ tape: Tape, inputs: Tensor<Int32>, rows: [Int]) -> Variable {
        let rows =
            switch precision {
            case .fp32: chosenRows(tape, inputs, rows, as: Float.self)
            case .bf16: chosenRows(tape, inputs, rows, as: BFloat16.self)
            }
        return values(tape, rows)
    }

    /// Some rows of the residual stream after the last norm, [rows, C].
    private func chosenRows<Element: ComputeElement>(
        _ tape: Tape, _ inputs: Tensor<Int32>, _ rows: [Int], as: Element.Type
    ) -> Variable {
        let hidden: Value<Element> = hiddenStates(tape, inputs: inputs, dropout: nil, cache: nil)
        return tape.rows(hidden, rows)
    }

    private func values(_ tape: Tape, _ rows: Variable) -> Variable {
        guard let valueHead else { preconditionFailure("the model has no value head") }
        return tape.linear(
            rows, transposedWeight: tape.parameter(valueHead, of: parameters), as: Float.self)
    }
}
