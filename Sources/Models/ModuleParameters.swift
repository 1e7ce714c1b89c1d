import Tensors

/// Gain, and bias where there is one, of a norm.
struct NormLayer {
    let gain: Parameter
    let bias: Parameter?
}

/// Weight, and bias where there is one, of a linear layer.
struct LinearLayer {
    let weight: Parameter
    let bias: Parameter?
}

/// The parameters of a model by the modules to which they belong.
struct ModuleParameters {
    let configuration: DecoderConfiguration
    private let byName: [String: Parameter]

    init(_ parameters: ParameterList, _ configuration: DecoderConfiguration) {
        self.configuration = configuration
        byName = Dictionary(uniqueKeysWithValues: parameters.parameters.map { ($0.name, $0) })
    }

    func weight(of module: DecoderModule, layer: Int? = nil) -> Parameter {
        parameter(module, layer, "weight")
    }

    func norm(_ module: DecoderModule, layer: Int? = nil) -> NormLayer {
        NormLayer(gain: weight(of: module, layer: layer), bias: bias(of: module, layer: layer))
    }

    /// The norm, where blocks of the architecture have it.
    func norm(_ module: DecoderModule, ifThereIn layer: Int) -> NormLayer? {
        configuration.architecture.names.hasInBlocks(module) ? norm(module, layer: layer) : nil
    }

    func linear(_ module: DecoderModule, layer: Int) -> LinearLayer {
        LinearLayer(weight: weight(of: module, layer: layer), bias: bias(of: module, layer: layer))
    }

    private func bias(of module: DecoderModule, layer: Int?) -> Parameter? {
        configuration.hasBias(module) ? parameter(module, layer, "bias") : nil
    }

    private func parameter(_ module: DecoderModule, _ layer: Int?, _ kind: String) -> Parameter {
        let name = "\(configuration.architecture.names.name(of: module, layer: layer)).\(kind)"
        guard let parameter = byName[name] else { preconditionFailure("no parameter \(name)") }
        return parameter
    }
}
