/// A linear layer of a block: what an adapter can stand beside.
package struct LinearModule: Equatable, Sendable {
    /// The name of the module ("transformer.h.0.attn.c_attn").
    package let name: String
    package let inputSize: Int
    package let outputSize: Int
    /// Whether its weight is [out, in], as Llama's, or [in, out], as GPT-2's.
    package let isOutputFirst: Bool

    package var weightName: String { name + ".weight" }
}

extension ModelConfiguration {
    /// The linear layers of all blocks, in the order of their weights.
    package var linearModules: [LinearModule] {
        let isOutputFirst = if case .llama = self { true } else { false }
        return tensorShapes.compactMap { tensor in
            let isInBlock = tensor.name.split(separator: ".").contains { Int($0) != nil }
            guard isInBlock, tensor.shape.count == 2, tensor.name.hasSuffix(".weight") else {
                return nil
            }
            let (rows, columns) = (tensor.shape[0], tensor.shape[1])
            return LinearModule(
                name: String(tensor.name.dropLast(".weight".count)),
                inputSize: isOutputFirst ? columns : rows,
                outputSize: isOutputFirst ? rows : columns, isOutputFirst: isOutputFirst)
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
