import Tensors

/// GPT-2 (Radford et al., 2019): learned positions, pre-norm blocks, fused queries-keys-values, GELU in
/// the tanh form, and an output layer that shares the embedding table.
///
/// Parameters bear the names, and have the layouts, of Hugging Face's GPT2LMHeadModel.
package final class GPT2: LanguageModel {
    package let configuration: ModelConfiguration
    package let parameters: ParameterList
    package let device: Device
    package let plan: ParameterPlan
    package let adapters: LoRALayers

    package var outputWeight: Parameter { tokenTable }

    private let tokenTable: Parameter
    private let positionTable: Parameter
    private let blocks: [GPT2Block]
    private let finalNorm: LayerNormParameters

    /// - Parameters:
    ///   - weights: where the flat vector of parameters stands, all 0; nil takes memory of the
    ///     device.
    ///   - plan: what is trained, and what stands beside the tensors of the architecture.
    package init(
        _ sizes: GPT2Configuration, device: Device, weights: Tensor<Float>? = nil,
        plan: ParameterPlan = ParameterPlan()
    ) {
        configuration = .gpt2(sizes)
        self.device = device
        self.plan = plan
        parameters = plan.parameters(of: configuration, device: device, weights: weights)
        adapters = LoRALayers(plan, parameters)
        var next = parameters.parameters.makeIterator()
        tokenTable = next.take()
        positionTable = next.take()
        blocks = (0..<sizes.layerCount).map { GPT2Block(layer: $0, sizes, &next) }
        finalNorm = LayerNormParameters(&next)
    }

    package func hiddenStates<Element: ComputeElement>(
        _ tape: Tape, inputs: Tensor<Int32>, dropout: DropoutStream?, cache: KeyValueCache?
    ) -> Value<Element> {
        let forward = ForwardPass(
            tape: tape, parameters: parameters, configuration: configuration, stream: dropout,
            cache: cache, adapters: adapters)
        var x = tape.embedding(inputs, table: forward[tokenTable])
        x = tape.addPositions(x, table: forward.positions(positionTable))
        x = forward.dropOut(x, site: 0)
        for block in blocks {
            x = forward.block(x) { block.forward($0, $1, element: Element.self) }
        }
        return forward.layerNorm(x, finalNorm)
    }
}
