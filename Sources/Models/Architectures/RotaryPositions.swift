import Foundation

/// Positions that turn the queries and keys of each head by angles (Su et al., 2021).
package struct RotaryPositions: Equatable, Sendable {
    /// Base of the wavelengths; usual 10,000 (Llama 2) to 500,000 (Llama 3).
    package var theta: Float
    /// Share of each head that turns, from its front; usual 0.25 (Pythia) to 1.
    package var share: Double
    /// Stretches wavelengths, for a longer context than the one trained on.
    package var scaling: RotaryScaling?

    package init(theta: Float = 10_000, share: Double = 1, scaling: RotaryScaling? = nil) {
        self.theta = theta
        self.share = share
        self.scaling = scaling
    }

    /// The share of a head of which so many values turn.
    package static func share(of turnedSize: Int, headSize: Int) -> Double {
        let share = Double(turnedSize) / Double(headSize)
        guard 1...1 << 16 ~= headSize, 1...headSize ~= turnedSize else { return share }
        return Int(Double(headSize) * share) == turnedSize ? share : share.nextUp
    }

    /// Values of a head that turn.
    package func turnedSize(headSize: Int) -> Int { Int(Double(headSize) * share) }

    /// The angle by which each plane of a head turns from one position to the next:
    /// theta^(-2i / turned size), scaled. In Float, as Hugging Face computes it.
    ///
    /// - Parameter length: The tokens of the whole sequence.
    package func frequencies(headSize: Int, length: Int = 0) -> [Float] {
        let size = turnedSize(headSize: headSize)
        let wavelengths = stride(from: 0, to: size, by: 2).map {
            powf(theta, Float($0) / Float(size))
        }
        return scaling?.frequencies(wavelengths, theta: theta, length: length)
            ?? wavelengths.map { 1 / $0 }
    }

    /// What the cosines and sines of the angles are multiplied with.
    package func amplitude(contextLength: Int) -> Float {
        scaling?.amplitude(contextLength: contextLength) ?? 1
    }

    /// The most tokens of a sequence whose frequencies are those of short ones; nil where there is no
    /// difference.
    package var shortLength: Int? {
        guard case .longRope(let scaling) = scaling else { return nil }
        return scaling.originalContextLength
    }
}
