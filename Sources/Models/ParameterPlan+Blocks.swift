import Tensors

extension ParameterPlan {
    /// The trained elements of each block in the flat vector of `layout(of:)`, where the backward pass
    /// completes all that lies behind a block before it begins the block; none where that is not sure.
    package func blocks(of model: DecoderConfiguration) -> [Range<Int>] {
        // Adapters lie module by module; a head in the place of the output layer leaves that without a
        // gradient, and one beside it lies behind all blocks.
        guard lora == nil, classCount == nil, !hasValueHead else { return [] }
        let layout = layout(of: model)
        var blocks = Array(repeating: 0..<0, count: model.layerCount)
        for (tensor, parameter) in zip(model.tensors, layout.parameters) {
            guard let layer = tensor.layer, parameter.isTrained else { continue }
            let range = ParameterLayout.paddedRange(of: parameter)
            blocks[layer] =
                blocks[layer].isEmpty ? range : blocks[layer].lowerBound..<range.upperBound
        }
        return blocks.filter { !$0.isEmpty }
    }
}
