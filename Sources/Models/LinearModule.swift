/// A linear layer of a block, to which an adapter can be added.
package struct LinearModule: Equatable, Sendable {
    /// The name of the module ("transformer.h.0.attn.c_attn").
    package let name: String
    package let inputSize: Int
    package let outputSize: Int
    /// Whether its weight is [out, in]; else it is [in, out].
    package let isOutputFirst: Bool

    package var weightName: String { name + ".weight" }
}

extension DecoderConfiguration {
    /// The linear layers of all blocks, in the order of their weights.
    package var linearModules: [LinearModule] {
        tensors.filter { $0.module.isLinear && !$0.isBias }.map { tensor in
            let sizes = sizes(of: tensor.module)
            return LinearModule(
                name: architecture.names.name(of: tensor.module, layer: tensor.layer),
                inputSize: sizes.input, outputSize: sizes.output,
                isOutputFirst: weightLayout == .outputFirst)
        }
    }
}

extension LanguageModel {
    /// Packs the weights that decoding reads for each token: for weights that do not change any more.
    ///
    /// They take about seven eighths of the memory of the weights, which stay.
    ///
    /// - Returns: the bytes of weights that one token reads where only the likeliest are wanted.
    @discardableResult
    package func packForDecoding() -> Int {
        let inBlocks = configuration.linearModules.reduce(0) { bytes, module in
            guard let weight = parameters[module.weightName] else { return bytes }
            return bytes + parameters.pack(weight, isOutputFirst: module.isOutputFirst)
        }
        return inBlocks
            + parameters.pack(outputWeight, isOutputFirst: true, forEstimates: true)
    }
}
