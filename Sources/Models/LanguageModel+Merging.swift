import Tensors

extension LanguageModel {
    /// Folds the adapters into the weights beside which they lie, and sets them to what changes
    /// nothing.
    package func mergeAdapters() {
        for layer in adapters.layers {
            guard let weight = parameters[layer.module.weightName] else { continue }
            let norms = layer.magnitude.map { _ in adapters.norms(of: layer, in: parameters) }
            let stored = parameters.value(of: weight)
            addChange(of: layer, to: stored)
            let b = parameters.value(of: layer.b)
            device.fill(b, with: 0)
            if let magnitude = layer.magnitude, let norms {
                scaleOutputs(of: stored, layer, parameters.value(of: magnitude), norms)
                device.copy(
                    adapters.norms(of: layer, in: parameters),
                    to: parameters.value(of: magnitude))
            }
        }
        parameters.roundValues()
    }

    /// W + s B A, in the layout of W.
    private func addChange(of layer: LoRALayer, to weight: Tensor<Float>) {
        let (a, b) = (parameters.value(of: layer.a), parameters.value(of: layer.b))
        let scaled = device.uninitialized(b.shape)
        device.scale(b, by: layer.scale, into: scaled)
        if layer.module.isOutputFirst {
            device.multiply(scaled.matrix, a.matrix, into: weight.matrix, adds: true)
        } else {
            device.multiply(
                a.matrix.transposed, scaled.matrix.transposed, into: weight.matrix, adds: true)
        }
    }

    /// Brings the weights of each output to the length that its magnitude gives.
    private func scaleOutputs(
        of weight: Tensor<Float>, _ layer: LoRALayer, _ magnitude: Tensor<Float>,
        _ norms: Tensor<Float>
    ) {
        let columns = weight.columnCount
        for index in 0..<weight.count {
            let output = layer.module.isOutputFirst ? index / columns : index % columns
            weight.pointer[index] *= magnitude.pointer[output] / norms.pointer[output]
        }
    }
}
