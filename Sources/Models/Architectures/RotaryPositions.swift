import Foundation

/// Positions that turn the queries and keys of each head by angles (Su et al., 2021).
package struct RotaryPositions: Equatable, Sendable {
    /// Base of the wavelengths; usual 10,000 (Llama 2) to 500,000 (Llama 3).
    package var theta: Float
    /// Stretches long wavelengths, for a longer context than the one trained on.
    package var scaling: RopeScaling?

    package init(theta: Float = 10_000, scaling: RopeScaling? = nil) {
        self.theta = theta
        self.scaling = scaling
    }

    /// The angle by which each plane of a head turns from one position to the next:
    /// theta^(-2i / head size), scaled. In Float, as Hugging Face computes it.
    package func frequencies(headSize: Int) -> [Float] {
        stride(from: 0, to: headSize, by: 2).map { index in
            let frequency = 1 / powf(theta, Float(index) / Float(headSize))
            return scaling?.scaled(frequency) ?? frequency
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
