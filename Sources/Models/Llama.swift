import Tensors

/// Llama (Touvron et al., 2023): rotary positions, pre-norm blocks with root mean square norms,
/// grouped-query attention, SwiGLU, no biases.
///
/// Parameters bear the names, and have the layouts, of Hugging Face's LlamaForCausalLM.
package final class Llama: LanguageModel {
    package let configuration: ModelConfiguration
    package let parameters: ParameterList
    package let device: Device
    package let plan: ParameterPlan
    package let adapters: LoRALayers
    package let outputWeight: Parameter

    private let tokenTable: Parameter
    private let blocks: [LlamaBlock]
    private let finalNorm: Parameter
    private let angles: RotaryTable

    /// - Parameters:
    ///   - weights: where the flat vector of parameters stands, all 0; nil takes memory of the
    ///     device.
    ///   - plan: what is trained, and what stands beside the tensors of the architecture.
    package init(
        _ sizes: LlamaConfiguration, device: Device, weights: Tensor<Float>? = nil,
        plan: ParameterPlan = ParameterPlan()
    ) {
        configuration = .llama(sizes)
        self.device = device
        self.plan = plan
        parameters = plan.parameters(of: configuration, device: device, weights: weights)
        adapters = LoRALayers(plan, parameters)
        var next = parameters.parameters.makeIterator()
        tokenTable = next.take()
        blocks = (0..<sizes.layerCount).map { LlamaBlock(layer: $0, sizes, &next) }
        finalNorm = next.take()
        outputWeight = sizes.isTied ? tokenTable : next.take()
        angles = RotaryTable(
            frequencies: sizes.ropeFrequencies, positions: sizes.contextLength, device: device)
    }

    package func hiddenStates<Element: ComputeElement>(
        _ tape: Tape, inputs: Tensor<Int32>, dropout: DropoutStream?, cache: KeyValueCache?
    ) -> Value<Element> {
        let pass = ForwardPass(
            tape: tape, parameters: parameters, configuration: configuration, stream: dropout,
            cache: cache, adapters: adapters)
        var x = tape.embedding(inputs, table: pass[tokenTable])
        x = pass.dropOut(x, site: 0)
        for block in blocks {
            x = pass.block(x) { [angles] in
                block.forward($0, $1, angles, element: Element.self)
            }
        }
        return tape.narrow(pass.rmsNorm(x, finalNorm), as: Element.self)
    }
}
