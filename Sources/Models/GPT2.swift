import Tensors

/// In which elements a model computes what flows between its matrix products.
package enum Precision: Sendable {
    case float, bfloat16
}

/// GPT-2 (Radford et al., 2019): learned positions, pre-norm blocks, fused queries-keys-values, GELU in
/// the tanh form, and an output layer that shares the embedding table.
///
/// Parameters bear the names, and have the layouts, of Hugging Face's GPT2LMHeadModel.
package final class GPT2 {
    package let configuration: GPT2Configuration
    package let parameters: ParameterList
    package let device: Device

    /// In which elements losses are computed.
    package var precision: Precision { parameters.bfloat16 == nil ? .float : .bfloat16 }

    private let tokenTable: Parameter
    private let positionTable: Parameter
    private let blocks: [GPT2Block]
    private let finalNorm: LayerNormParameters

    /// - Parameter weights: where the flat vector of parameters stands, all 0; nil takes memory of
    ///   the device.
    package init(
        _ configuration: GPT2Configuration, device: Device, weights: Tensor<Float>? = nil
    ) {
        self.configuration = configuration
        self.device = device
        parameters = ParameterList(
            configuration.tensorShapes, device: device, values: weights)
        var next = parameters.parameters.makeIterator()
        tokenTable = next.take()
        positionTable = next.take()
        blocks = (0..<configuration.layerCount).map {
            GPT2Block(layer: $0, configuration, &next)
        }
        finalNorm = LayerNormParameters(&next)
    }

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
        case .float:
            loss(tape, inputs, targets, scale: scale, dropout: dropout, activation: Float.self)
        case .bfloat16:
            loss(tape, inputs, targets, scale: scale, dropout: dropout, activation: BFloat16.self)
        }
    }

    private func loss<Activation: Tensors.Activation>(
        _ tape: Tape, _ inputs: Tensor<Int32>, _ targets: Tensor<Int32>, scale: Float,
        dropout: DropoutStream?, activation: Activation.Type
    ) -> LossSum {
        let hidden: Value<Activation> = hiddenStates(tape, inputs: inputs, dropout: dropout)
        return tape.linearCrossEntropy(
            hidden, weight: tape.parameter(tokenTable, of: parameters), targets: targets,
            scale: scale)
    }

    /// inputs [B, T] -> logits [B, T, V].
    package func logits(_ tape: Tape, inputs: Tensor<Int32>) -> Variable {
        outputLayer(tape, hiddenStates(tape, inputs: inputs, dropout: nil))
    }

    /// inputs [1, T] -> the logits [V] of the token that follows.
    ///
    /// - Parameter cache: the tokens before `inputs`; takes up `inputs` too.
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
        let tape = Tape(device: device)
        let hidden: Variable = hiddenStates(tape, inputs: inputs, dropout: nil, cache: cache)
        cache?.advance(by: inputs.shape[1])
        return outputLayer(tape, lastPositions(tape, hidden)).value
    }

    /// [B, T, C] -> [B, C].
    private func lastPositions(_ tape: Tape, _ hidden: Variable) -> Variable {
        let (batchSize, length) = (hidden.shape[0], hidden.shape[1])
        let last = device.uninitialized([batchSize, configuration.embeddingSize])
        let rows = hidden.value.reshaped([batchSize * length, configuration.embeddingSize])
        for sequence in 0..<batchSize {
            let row = (sequence + 1) * length - 1
            device.copy(rows.slice(row..<row + 1), to: last.slice(sequence..<sequence + 1))
        }
        return tape.constant(last)
    }

    /// The residual stream after the last norm: [B, T] -> [B, T, C].
    private func hiddenStates<Activation>(
        _ tape: Tape, inputs: Tensor<Int32>, dropout: DropoutStream?, cache: KeyValueCache? = nil
    ) -> Value<Activation> {
        let forward = GPT2ForwardPass(
            tape: tape, parameters: parameters, configuration: configuration, stream: dropout,
            cache: cache)
        var x = tape.embedding(inputs, table: forward[tokenTable])
        x = tape.addPositions(x, table: forward.positions(positionTable))
        x = forward.dropOut(x, site: 0)
        for block in blocks { x = block.forward(x, forward, activation: Activation.self) }
        return forward.layerNorm(x, finalNorm)
    }

    private func outputLayer(_ tape: Tape, _ hidden: Variable) -> Variable {
        let (vocabularySize, width) = (configuration.vocabularySize, configuration.embeddingSize)
        let rows = tape.reshape(hidden, to: [hidden.value.rowCount, width])
        let logits = tape.matmul(
            rows, tape.parameter(tokenTable, of: parameters), transposeB: true)
        return tape.reshape(logits, to: hidden.shape.dropLast() + [vocabularySize])
    }
}
