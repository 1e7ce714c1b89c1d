import Tensors

/// Deviation of the normal distribution of all weights (Radford et al., 2019).
private let deviation: Float = 0.02

extension LanguageModel {
    /// Draws the weights as GPT-2 does: normal with deviation 0.02, the projections into the residual
    /// stream divided by sqrt(2 layers), biases 0, norms 1. A function of the seed alone.
    package func initialize(seed: UInt64) {
        let residualScale = 1 / Float(2 * max(1, configuration.layerCount)).squareRoot()
        let residualNames = Set(
            configuration.tensors.filter { $0.module.endsInResidual && !$0.isBias }.map(\.name))
        for parameter in parameters.parameters {
            let value = parameters.value(of: parameter)
            if parameter.shape.count == 1 {
                let isGain = parameter.name.hasSuffix(".weight")
                device.fill(value, with: isGain ? 1 - configuration.gainOffset : 0)
            } else {
                let isResidual = residualNames.contains(parameter.name)
                device.fillNormal(
                    value, deviation: deviation * (isResidual ? residualScale : 1),
                    stream: parameter.index, seed: seed)
            }
        }
    }
}
