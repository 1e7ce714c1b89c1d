/// A tensor of a decoder: the weight or the bias of a module.
package struct DecoderTensor: Sendable {
    /// The name in a Hugging Face model.
    package let name: String
    package let shape: [Int]
    package let module: DecoderModule
    /// The block to which it belongs; nil outside of blocks.
    package let layer: Int?
    package let isBias: Bool
}

extension DecoderConfiguration {
    /// The tensors of the Hugging Face model, in the order of its modules, which is the order of the
    /// data: embeddings, blocks, final norm, and the output layer where it is not tied.
    package var tensors: [DecoderTensor] {
        let names = architecture.names
        func tensors(
            of modules: KeyValuePairs<DecoderModule, String>, layer: Int? = nil
        ) -> [DecoderTensor] {
            modules.flatMap { module, name in
                self.tensors(of: module, named: names.fullName(name, layer: layer), layer: layer)
            }
        }
        let blocks = (0..<layerCount).flatMap { tensors(of: names.block, layer: $0) }
        return tensors(of: names.embeddings) + blocks + tensors(of: names.end)
            + (isTied ? [] : self.tensors(of: .output, named: names.output, layer: nil))
    }

    /// The names and shapes of `tensors`.
    package var tensorShapes: [(name: String, shape: [Int])] {
        tensors.map { ($0.name, $0.shape) }
    }

    private func tensors(
        of module: DecoderModule, named name: String, layer: Int?
    ) -> [DecoderTensor] {
        let weight = DecoderTensor(
            name: name + ".weight", shape: weightShape(of: module), module: module, layer: layer,
            isBias: false)
        guard hasBias(module) else { return [weight] }
        let outputSize = module.isLinear ? sizes(of: module).output : embeddingSize
        let bias = DecoderTensor(
            name: name + ".bias", shape: [outputSize], module: module, layer: layer, isBias: true)
        return [weight, bias]
    }

    func hasBias(_ module: DecoderModule) -> Bool {
        module.isNorm ? norm == .layer : biasedModules.contains(module)
    }

    private func weightShape(of module: DecoderModule) -> [Int] {
        switch module {
        case .tokenEmbedding, .output: return [vocabularySize, embeddingSize]
        case .positionEmbedding: return [contextLength, embeddingSize]
        case .queryNorm: return [headNorm == .eachHead ? headSize : querySize]
        case .keyNorm: return [headNorm == .eachHead ? headSize : keyValueSize]
        case let norm where norm.isNorm: return [embeddingSize]
        default:
            let sizes = sizes(of: module)
            return weightLayout == .inputFirst
                ? [sizes.input, sizes.output] : [sizes.output, sizes.input]
        }
    }

    /// Widths of what goes into a linear layer of a block and of what comes out.
    func sizes(of module: DecoderModule) -> (input: Int, output: Int) {
        switch module {
        case .queriesKeysValues: (embeddingSize, querySize + 2 * keyValueSize)
        case .queries: (embeddingSize, querySize)
        case .keys, .values: (embeddingSize, keyValueSize)
        case .attentionOutput: (querySize, embeddingSize)
        case .gate, .raise: (embeddingSize, mlpSize)
        case .gateAndRaise: (embeddingSize, 2 * mlpSize)
        case .lower: (mlpSize, embeddingSize)
        default: preconditionFailure("\(module) is no linear layer of a block")
        }
    }
}
