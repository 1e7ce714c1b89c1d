import Models

/// The cost of a token, as papers count it (Kaplan et al., 2020; nanoGPT): only products of
/// matrices.
package struct ModelCost: Equatable {
    package let parameterCount: Int
    /// N: parameters that multiply, so no table of positions, nor of tokens where it is not tied.
    package let multiplyingCount: Int
    private let configuration: DecoderConfiguration

    package init(_ configuration: DecoderConfiguration, parameterCount: Int) {
        self.configuration = configuration
        self.parameterCount = parameterCount
        let positionRows =
            configuration.positions == .learned ? configuration.contextLength : 0
        let rows = positionRows + (configuration.isTied ? 0 : configuration.vocabularySize)
        multiplyingCount = parameterCount - rows * configuration.embeddingSize
    }

    /// The share of the parameters that the table of tokens takes.
    package var tokenTableShare: Double {
        let table = configuration.vocabularySize * configuration.embeddingSize
        return Double(table) / Double(parameterCount)
    }

    /// Forward and backward: 6 N + 12 L C T floating-point operations.
    package func trainingFLOPs(sequenceLength: Int) -> Double {
        let attention = configuration.layerCount * configuration.embeddingSize * sequenceLength
        return 6 * Double(multiplyingCount) + 12 * Double(attention)
    }
}
