import Tensors

extension LanguageModel {
    /// The weight [classes, C] of a classification head; nil for a model without one.
    package var head: Parameter? { parameters[ParameterPlan.headName] }

    /// The scores of the classes after some tokens: -> [rows, classes].
    ///
    /// - Parameters:
    ///   - inputs: [B, T].
    ///   - rows: of the B T tokens, those after which the classes are scored.
    ///   - dropout: the random numbers of dropout; nil switches it off.
    ///   - segments: the texts that share sequences; nil where each sequence is one.
    /// - Precondition: the model has a head.
    package func classScores(
        _ tape: Tape, inputs: Tensor<Int32>, rows: [Int], dropout: DropoutStream? = nil,
        segments: SequenceSegments? = nil
    ) -> Variable {
        guard let head else { preconditionFailure("the model has no classification head") }
        let weight = tape.parameter(head, of: parameters)
        let hidden: Variable
        switch precision {
        case .fp32:
            let states: Value<Float> = hiddenStates(
                tape, inputs: inputs, dropout: dropout, cache: nil,
                segments: segments)
            hidden = tape.rows(states, rows)
        case .bf16:
            let states: Value<BFloat16> = hiddenStates(
                tape, inputs: inputs, dropout: dropout, cache: nil,
                segments: segments)
            hidden = tape.rows(states, rows)
        }
        return tape.linear(hidden, transposedWeight: weight, as: Float.self)
    }
}
