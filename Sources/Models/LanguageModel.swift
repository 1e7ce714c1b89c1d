import Tensors

/// A decoder that predicts the next token of a text: what training, evaluation, generation and files
/// need to know of GPT-2 and Llama.
///
/// An architecture gives `hiddenStates` and the output layer's weight; losses, logits and decoding
/// with a cache follow from them.
package protocol LanguageModel: AnyObject {
    var configuration: ModelConfiguration { get }
    /// In the order, under the names and in the layouts of Hugging Face's modules.
    var parameters: ParameterList { get }
    var device: Device { get }
    /// What is trained, and what stands beside the tensors of the architecture.
    var plan: ParameterPlan { get }
    var adapters: LoRALayers { get }
    /// Weight [V, C] of the output layer: the embedding table where it is tied.
    var outputWeight: Parameter { get }

    /// The residual stream after the last norm: [B, T] -> [B, T, C], in elements of the caller's
    /// choice: floats, or bfloat16 where the parameters keep such copies.
    ///
    /// - Parameters:
    ///   - dropout: the random numbers of dropout; nil switches it off.
    ///   - cache: the tokens before `inputs`; it takes up theirs, but its length is the caller's.
    func hiddenStates<Element: ComputeElement>(
        _ tape: Tape, inputs: Tensor<Int32>, dropout: DropoutStream?, cache: KeyValueCache?
    ) -> Value<Element>
}

extension LanguageModel {
    /// The parameters of the architecture.
    package var baseParameters: [Parameter] {
        Array(parameters.parameters.prefix(configuration.tensorShapes.count))
    }

    /// Those of adapters and head.
    package var addedParameters: [Parameter] {
        Array(parameters.parameters.dropFirst(configuration.tensorShapes.count))
    }

    /// In which elements losses are computed.
    package var precision: NumberFormat { parameters.bfloat16 == nil ? .fp32 : .bf16 }

    /// The sum of the losses of `targets` [B, T] given `inputs` [B, T], and its backward root.
    ///
    /// - Parameters:
    ///   - scale: what the gradients of the sum are multiplied with, mostly
    ///     1 / (counted tokens of the global batch).
    ///   - dropout: the random numbers of dropout; nil switches it off.
    package func loss(
        _ tape: Tape, inputs: Tensor<Int32>, targets: Tensor<Int32>, scale: Float,
        dropout: DropoutStream? = nil
    ) -> LossSum {
        switch precision {
        case .fp32:
            loss(tape, inputs, targets, scale: scale, dropout: dropout, element: Float.self)
        case .bf16:
            loss(tape, inputs, targets, scale: scale, dropout: dropout, element: BFloat16.self)
        }
    }

    private func loss<Element: ComputeElement>(
        _ tape: Tape, _ inputs: Tensor<Int32>, _ targets: Tensor<Int32>, scale: Float,
        dropout: DropoutStream?, element: Element.Type
    ) -> LossSum {
        let hidden: Value<Element> = hiddenStates(
            tape, inputs: inputs, dropout: dropout, cache: nil)
        return tape.linearCrossEntropy(
            hidden, weight: tape.parameter(outputWeight, of: parameters), targets: targets,
            scale: scale)
    }

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
            return device.largestProducts(last, weights, wanted: wanted)
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

    private func outputLayer<Element: ComputeElement>(
        _ tape: Tape, _ hidden: Variable, as element: Element.Type
    ) -> Variable {
        tape.linear(
            hidden, transposedWeight: tape.parameter(outputWeight, of: parameters), as: element)
    }
}
