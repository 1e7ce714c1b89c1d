import Tensors

/// The adapter of one linear layer.
package struct LoRALayer {
    package let module: LinearModule
    /// [r, in] and [out, r].
    package let a: Parameter
    package let b: Parameter
    /// [out]; nil without DoRA.
    package let magnitude: Parameter?
    /// s.
    package let scale: Float

    /// The names that PEFT gives to the tensors, behind "base_model.model.".
    static func tensorShapes(
        beside adapted: AdaptedModule, _ lora: LoRAConfiguration
    ) -> [(name: String, shape: [Int])] {
        let module = adapted.module
        let shapes = [
            ("\(module.name).lora_A.weight", [adapted.rank, module.inputSize]),
            ("\(module.name).lora_B.weight", [module.outputSize, adapted.rank]),
        ]
        guard lora.decomposesWeights else { return shapes }
        return shapes + [("\(module.name).lora_magnitude_vector", [module.outputSize])]
    }
}

/// The adapters of a model; none where it is trained or used as it is.
package struct LoRALayers {
    package let configuration: LoRAConfiguration
    package let layers: [LoRALayer]
    private let byWeight: [Int: LoRALayer]

    init(_ plan: ParameterPlan, _ parameters: ParameterList) {
        configuration = plan.lora ?? LoRAConfiguration()
        let byName = Dictionary(
            uniqueKeysWithValues: parameters.parameters.map { ($0.name, $0) })
        let lora = configuration
        layers = plan.adaptedModules.map { adapted in
            let own = LoRALayer.tensorShapes(beside: adapted, lora).compactMap { byName[$0.name] }
            return LoRALayer(
                module: adapted.module, a: own[0], b: own[1],
                magnitude: own.count > 2 ? own[2] : nil, scale: lora.scale(of: adapted))
        }
        byWeight = Dictionary(
            uniqueKeysWithValues: layers.compactMap { layer in
                byName[layer.module.weightName].map { ($0.index, layer) }
            })
    }

    subscript(weight: Parameter) -> LoRALayer? { byWeight[weight.index] }

    /// The length of each output's weights in W + s B A, [out].
    package func norms(of layer: LoRALayer, in parameters: ParameterList) -> Tensor<Float> {
        let device = parameters.device
        guard let weight = parameters[layer.module.weightName] else {
            preconditionFailure("an adapter stands beside a weight of the same list")
        }
        let stored = parameters.floats(of: weight)
        let isOutputFirst = layer.module.isOutputFirst || weight.isQuantized
        let squares = device.adaptedColumnSquares(
            of: isOutputFirst ? stored.matrix.transposed : stored.matrix,
            a: parameters.value(of: layer.a), b: parameters.value(of: layer.b),
            scale: layer.scale)
        return device.tensor(
            squares.map { Float($0.squareRoot()) }, shape: [layer.module.outputSize])
    }
}
