import Tensors

/// A decoder that predicts the next token of a text, with the features of its configuration.
///
/// Parameters bear the names, and have the layouts, of the architecture's model in Hugging Face's library.
package final class LanguageModel {
    package let configuration: DecoderConfiguration
    /// The parameters, in the order of Hugging Face's modules.
    package let parameters: ParameterList
    package let device: Device
    /// What is trained, and what is added to the tensors of the architecture.
    package let plan: ParameterPlan
    package let adapters: LoRALayers
    /// Weight [V, C] of the output layer: the embedding table where it is tied.
    package let outputWeight: Parameter

    private let tokenTable: Parameter
    /// The table of positions; nil where they are rotary.
    private let positionTable: Parameter?
    private let blocks: [DecoderBlock]
    private let finalNorm: NormLayer

    /// A model whose weights are 0.
    ///
    /// - Parameters:
    ///   - weights: where the flat vector of parameters lies, all 0; nil takes memory of the
    ///     device.
    ///   - plan: what is trained, and what is added to the tensors of the architecture.
    package init(
        _ configuration: DecoderConfiguration, device: Device, weights: Tensor<Float>? = nil,
        plan: ParameterPlan = ParameterPlan()
    ) {
        self.configuration = configuration
        self.device = device
        self.plan = plan
        parameters = plan.parameters(of: configuration, device: device, weights: weights)
        adapters = LoRALayers(plan, parameters)
        let modules = ModuleParameters(parameters, configuration)
        tokenTable = modules.weight(of: .tokenEmbedding)
        positionTable =
            configuration.positions == .learned
            ? modules.weight(of: .positionEmbedding) : nil
        let turns = LayerTurns(configuration, device: device)
        blocks = (0..<configuration.layerCount).map {
            DecoderBlock(layer: $0, modules, angles: turns.angles(ofLayer: $0))
        }
        finalNorm = modules.norm(.finalNorm)
        outputWeight = configuration.isTied ? tokenTable : modules.weight(of: .output)
    }

    /// The residual stream after the last norm: [B, T] -> [B, T, C], in elements of the caller's
    /// choice: floats, or bfloat16 where the parameters keep such copies.
    ///
    /// - Parameters:
    ///   - dropout: the random numbers of dropout; nil switches it off.
    ///   - cache: the tokens before `inputs`; it takes up theirs, but its length is the caller's.
    ///   - segments: the examples that share sequences; nil where each sequence is one.
    ///   - slots: sequences whose rows stand one after the other in `inputs` [1, R]; then there is no
    ///     `cache`.
    ///   - isAdapted: whether the adapters count.
    package func hiddenStates<Element: ComputeElement>(
        _ tape: Tape, inputs: Tensor<Int32>, dropout: DropoutStream?, cache: KeyValueCache?,
        segments: SequenceSegments? = nil, slots: [SlotRows] = [], isAdapted: Bool = true
    ) -> Value<Element> {
        let pass = ForwardPass(
            tape: tape, parameters: parameters, configuration: configuration, stream: dropout,
            cache: cache,
            adapters: isAdapted ? adapters : LoRALayers(ParameterPlan(), parameters),
            segments: segments, slots: slots)
        var x = tape.embedding(inputs, table: pass[tokenTable])
        if configuration.embeddingScale != 1 {
            x = tape.scale(x, by: configuration.embeddingScale)
        }
        if let positionTable {
            x = pass.addPositions(x, positionTable)
        }
        x = pass.dropOut(x, site: 0)
        for (number, block) in blocks.enumerated() {
            x = pass.block(number, x) { block.forward($0, $1, element: Element.self) }
        }
        return pass.normalized(x, finalNorm)
    }
}

extension LanguageModel {
    /// The table [V, C] of the vectors of tokens.
    var tokenEmbedding: Parameter { tokenTable }

    /// The parameters of the architecture.
    package var baseParameters: [Parameter] {
        Array(parameters.parameters.prefix(configuration.tensorShapes.count))
    }

    /// The parameters of adapters and heads.
    package var addedParameters: [Parameter] {
        Array(parameters.parameters.dropFirst(configuration.tensorShapes.count))
    }

    /// The parameters that a checkpoint of adapters holds: adapters and head, and those of the architecture
    /// that are trained beside them.
    package var adapterParameters: [Parameter] {
        addedParameters.filter { $0.name != ParameterPlan.valueHeadName }
            + (plan.lora == nil ? [] : baseParameters.filter(\.isTrained))
    }

    /// The format of the elements in which losses are computed.
    package var precision: NumberFormat { parameters.bfloat16 == nil ? .fp32 : .bf16 }
}
