/// The sizes of a GPT-2 (Radford et al., 2019), under the names of this project.
package struct GPT2Configuration: Equatable, Sendable {
    /// Rows of the embedding table; token ids are below it.
    package var vocabularySize: Int
    /// The most tokens a sequence may have (rows of the position table).
    package var contextLength: Int
    /// Width of the residual stream.
    package var embeddingSize: Int
    package var layerCount: Int
    /// Attention heads in a layer; divides `embeddingSize`.
    package var headCount: Int
    /// Share of activations that training sets to zero; usual 0 (pretraining) to 0.1.
    package var dropoutRate: Float
    /// Added to the variance in a layer norm; GPT-2 uses 1e-5.
    package var layerNormEpsilon: Float

    package init(
        vocabularySize: Int, contextLength: Int, embeddingSize: Int, layerCount: Int,
        headCount: Int, dropoutRate: Float = 0, layerNormEpsilon: Float = 1e-5
    ) {
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.embeddingSize = embeddingSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.dropoutRate = dropoutRate
        self.layerNormEpsilon = layerNormEpsilon
    }

    package var headSize: Int { embeddingSize / headCount }
}
