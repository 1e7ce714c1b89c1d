import Tensors

/// The rows of a batch after which a student is compared with a teacher.
package struct ComparedRows {
    /// [B, T].
    package let inputs: Tensor<Int32>
    /// Of the B T rows of the batch; none occurs twice.
    package let rows: [Int]
    /// The examples that share sequences; nil where each sequence is one.
    package let segments: SequenceSegments?

    package init(inputs: Tensor<Int32>, rows: [Int], segments: SequenceSegments?) {
        (self.inputs, self.rows, self.segments) = (inputs, rows, segments)
    }
}

extension LanguageModel {
    /// How far this model is from a teacher after some rows, summed, and its backward root.
    ///
    /// - Parameters:
    ///   - teacher: what the teacher says of some of the rows.
    ///   - dropout: the random numbers of dropout; nil switches it off.
    package func divergence(
        _ tape: Tape, after compared: ComparedRows, from teacher: (Range<Int>) -> TeacherRows,
        _ divergence: Divergence, dropout: DropoutStream?
    ) -> LossSum {
        switch precision {
        case .fp32:
            self.divergence(tape, compared, teacher, divergence, dropout, element: Float.self)
        case .bf16:
            self.divergence(tape, compared, teacher, divergence, dropout, element: BFloat16.self)
        }
    }

    private func divergence<Element: ComputeElement>(
        _ tape: Tape, _ compared: ComparedRows, _ teacher: (Range<Int>) -> TeacherRows,
        _ divergence: Divergence, _ dropout: DropoutStream?, element: Element.Type
    ) -> LossSum {
        let hidden: Value<Element> = hiddenStates(
            tape, inputs: compared.inputs, dropout: dropout, cache: nil,
            segments: compared.segments)
        let chosen = tape.rows(hidden, compared.rows)
        return tape.linearDivergence(
            chosen as? Value<Element> ?? tape.narrow(chosen, as: Element.self),
            weight: tape.parameter(outputWeight, of: parameters), from: teacher, divergence,
            cap: configuration.logitCap)
    }

    /// The logits after some rows, which are computed for some of them at a time; there is no backward pass.
    ///
    /// The function must be called before the model changes.
    package func logits(after compared: ComparedRows) -> (Range<Int>) -> Tensor<Float> {
        switch precision {
        case .fp32: logits(compared, element: Float.self)
        case .bf16: logits(compared, element: BFloat16.self)
        }
    }

    private func logits<Element: ComputeElement>(
        _ compared: ComparedRows, element: Element.Type
    ) -> (Range<Int>) -> Tensor<Float> {
        let hidden: Value<Element> = hiddenStates(
            Tape(device: device), inputs: compared.inputs, dropout: nil, cache: nil,
            segments: compared.segments)
        let tape = Tape(device: device)
        let chosen = tape.rows(hidden, compared.rows).value
        return { rows in
            self.outputLayer(tape, tape.constant(chosen.slice(rows)), as: Element.self).value
        }
    }
}
