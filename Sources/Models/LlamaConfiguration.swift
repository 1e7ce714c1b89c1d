import Foundation

/// The sizes of a Llama (Touvron et al., 2023), under the names of this project.
package struct LlamaConfiguration: Equatable, Sendable {
    /// Rows of the embedding table; token ids are below it.
    package var vocabularySize: Int
    /// The most tokens a sequence may have.
    package var contextLength: Int
    /// Width of the residual stream.
    package var embeddingSize: Int
    package var layerCount: Int
    /// Heads of queries in a layer.
    package var headCount: Int
    /// Heads of keys and values; divides `headCount`; usual headCount / 4 to headCount.
    package var keyValueHeadCount: Int
    /// Width of a head, an even number; usual embeddingSize / headCount.
    package var headSize: Int
    /// Width inside the feed-forward part; usual 8/3 to 4 times embeddingSize.
    package var mlpSize: Int
    /// Base of the wavelengths of rotary positions; usual 10,000 (Llama 2) to 500,000 (Llama 3).
    package var ropeTheta: Float
    /// Stretches long wavelengths, for a longer context than the one trained on.
    package var ropeScaling: RopeScaling?
    /// Whether the output layer shares the embedding table.
    package var isTied: Bool
    /// Share of activations that training sets to zero; usual 0.
    package var dropoutRate: Float
    /// Added to the mean square in a norm; usual 1e-6 to 1e-5.
    package var normEpsilon: Float

    /// - Parameters:
    ///   - keyValueHeadCount: nil takes `headCount`.
    ///   - headSize: nil takes embeddingSize / headCount.
    package init(
        vocabularySize: Int, contextLength: Int, embeddingSize: Int, layerCount: Int,
        headCount: Int, keyValueHeadCount: Int? = nil, headSize: Int? = nil, mlpSize: Int,
        ropeTheta: Float = 10_000, ropeScaling: RopeScaling? = nil, isTied: Bool = true,
        dropoutRate: Float = 0, normEpsilon: Float = 1e-5
    ) {
        self.vocabularySize = vocabularySize
        self.contextLength = contextLength
        self.embeddingSize = embeddingSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount ?? headCount
        self.headSize = headSize ?? embeddingSize / headCount
        self.mlpSize = mlpSize
        self.ropeTheta = ropeTheta
        self.ropeScaling = ropeScaling
        self.isTied = isTied
        self.dropoutRate = dropoutRate
        self.normEpsilon = normEpsilon
    }

    /// The width that Llama gives its feed-forward part: two thirds of 4 C, rounded up to a multiple of
    /// 32.
    package static func usualMLPSize(embeddingSize: Int) -> Int {
        (8 * embeddingSize / 3 + 31) / 32 * 32
    }

    /// The angle by which each plane of a head turns from one position to the next:
    /// theta^(-2i / head size), scaled. In Float, as Hugging Face computes it.
    package var ropeFrequencies: [Float] {
        stride(from: 0, to: headSize, by: 2).map { index in
            let frequency = 1 / powf(ropeTheta, Float(index) / Float(headSize))
            return ropeScaling?.scaled(frequency) ?? frequency
        }
    }
}

/// The scaling of rotary positions of Llama 3: frequencies whose wavelength is long against the original
/// context are divided by `factor`, short ones stay, those between change smoothly.
package struct RopeScaling: Equatable, Sendable {
    package var factor: Float
    package var lowFrequencyFactor: Float
    package var highFrequencyFactor: Float
    /// Context length of the training before the scaling.
    package var originalContextLength: Int

    package init(
        factor: Float, lowFrequencyFactor: Float, highFrequencyFactor: Float,
        originalContextLength: Int
    ) {
        self.factor = factor
        self.lowFrequencyFactor = lowFrequencyFactor
        self.highFrequencyFactor = highFrequencyFactor
        self.originalContextLength = originalContextLength
    }

    func scaled(_ frequency: Float) -> Float {
        let wavelength = 2 * Float.pi / frequency
        let original = Float(originalContextLength)
        if wavelength < original / highFrequencyFactor { return frequency }
        if wavelength > original / lowFrequencyFactor { return frequency / factor }
        let share =
            (original / wavelength - lowFrequencyFactor)
            / (highFrequencyFactor - lowFrequencyFactor)
        return (1 - share) * frequency / factor + share * frequency
    }
}
