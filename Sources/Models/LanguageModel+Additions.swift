import Foundation
import Tensors

extension LanguageModel {
    /// Draws the tensors that are added to the architecture's, so that the model computes what it
    /// did: A uniform in +-1 / sqrt(in) as PEFT's, B 0, magnitudes the lengths that are there; a
    /// head normal with deviation 0.02, a value head 0. A function of the seed alone.
    ///
    /// - Precondition: the weights of the architecture are there.
    package func initializeAdditions(seed: UInt64) {
        for layer in adapters.layers {
            fillUniform(layer.a, bound: 1 / Float(layer.module.inputSize).squareRoot(), seed: seed)
            device.fill(parameters.value(of: layer.b), with: 0)
            if let magnitude = layer.magnitude {
                device.copy(
                    adapters.norms(of: layer, in: parameters),
                    to: parameters.value(of: magnitude))
            }
        }
        if let head {
            device.fillNormal(
                parameters.value(of: head), deviation: 0.02, stream: head.index, seed: seed)
        }
        if let valueHead { device.fill(parameters.value(of: valueHead), with: 0) }
    }

    private func fillUniform(_ parameter: Parameter, bound: Float, seed: UInt64) {
        let values = parameters.value(of: parameter).buffer
        for start in stride(from: 0, to: values.count, by: 4) {
            let words = Philox.words(
                counter: [UInt32(start / 4), UInt32(parameter.index), 0, 0x4C6F_5241], key: seed)
            for (offset, word) in words.enumerated() where start + offset < values.count {
                // 24 bits fill a float's fraction: uniform in [0, 1).
                let unit = Float(word >> 8) / Float(1 << 24)
                values[start + offset] = (2 * unit - 1) * bound
            }
        }
    }
}
