import Models

/// What a token costs, as papers count it (Kaplan et al., 2020; nanoGPT): only products of matrices.
package struct ModelCost: Equatable {
    package let parameterCount: Int
    /// N: parameters that multiply, so not the table of positions.
    package let multiplyingCount: Int
    private let configuration: GPT2Configuration

    package init(_ configuration: GPT2Configuration, parameterCount: Int) {
        self.configuration = configuration
        self.parameterCount = parameterCount
        multiplyingCount =
            parameterCount - configuration.contextLength * configuration.embeddingSize
    }

    /// Forward and backward: 6 N + 12 L C T floating-point operations.
    package func trainingFLOPs(sequenceLength: Int) -> Double {
        let attention = configuration.layerCount * configuration.embeddingSize * sequenceLength
        return 6 * Double(multiplyingCount) + 12 * Double(attention)
    }
}
