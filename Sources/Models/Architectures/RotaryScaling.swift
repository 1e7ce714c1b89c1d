import Foundation

/// How the wavelengths of rotary positions are stretched, for a longer context than the one trained on.
package enum RotaryScaling: Equatable, Sendable {
    /// All by one factor (Chen et al., 2023).
    case linear(factor: Float)
    /// By the length of the sequence, as far as it is above the context's (bloc97, 2023): not at all within
    /// the context, which is all that a model here sees.
    case dynamic(factor: Float)
    /// Long ones only (Llama 3).
    case llama3(RopeScaling)
    /// Long ones, and attention is made sharper (Peng et al., 2023).
    case yarn(YarnScaling)
    /// Each by a factor of its own, others in long sequences than in short ones (Ding et al., 2024).
    case longRope(LongRopeScaling)

    /// The angles from one position to the next.
    ///
    /// - Parameters:
    ///   - wavelengths: Those of all planes, in tokens a radian.
    ///   - length: The tokens of the sequence.
    func frequencies(_ wavelengths: [Float], theta: Float, length: Int) -> [Float] {
        switch self {
        case .linear(let factor): wavelengths.map { 1 / $0 / factor }
        case .dynamic: wavelengths.map { 1 / $0 }
        case .llama3(let scaling): wavelengths.map { scaling.scaled(1 / $0) }
        case .yarn(let scaling): scaling.frequencies(wavelengths, theta: theta)
        case .longRope(let scaling):
            zip(scaling.factors(length: length), wavelengths).map { 1 / ($0 * $1) }
        }
    }

    func amplitude(contextLength: Int) -> Float {
        switch self {
        case .linear, .dynamic, .llama3: 1
        case .yarn(let scaling): scaling.amplitude
        case .longRope(let scaling): scaling.amplitude(contextLength: contextLength)
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

/// YaRN (Peng et al., 2023): planes that turn less than `slowTurns` times in the original context are
/// divided by `factor`, those that turn more than `fastTurns` times stay, those between change smoothly.
package struct YarnScaling: Equatable, Sendable {
    package var factor: Float
    package var originalContextLength: Int
    package var fastTurns: Float = 32
    package var slowTurns: Float = 1
    /// Whether the first and the last plane that change are whole numbers.
    package var isWhole = true
    /// What cosines and sines are multiplied with; nil for that of the factor.
    package var attentionFactor: Float?
    /// Shares of the logarithm of the factor in the amplitude, above and below the line of a fraction.
    package var scales: [Float]?

    func frequencies(_ wavelengths: [Float], theta: Float) -> [Float] {
        let size = Double(2 * wavelengths.count)
        func plane(_ turns: Float) -> Double {
            size * log(Double(originalContextLength) / (Double(turns) * 2 * .pi))
                / (2 * log(Double(theta)))
        }
        var (low, high) = (plane(fastTurns), plane(slowTurns))
        if isWhole { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        (low, high) = (max(low, 0), min(high, size - 1))
        if low == high { high += 0.001 }
        return wavelengths.enumerated().map { index, wavelength in
            let ramp = min(max((Float(index) - Float(low)) / Float(high - low), 0), 1)
            let kept = 1 - ramp
            return 1 / (factor * wavelength) * (1 - kept) + 1 / wavelength * kept
        }
    }

    var amplitude: Float {
        func amplitude(_ share: Double) -> Double {
            factor <= 1 ? 1 : 0.1 * share * log(Double(factor)) + 1
        }
        if let attentionFactor { return attentionFactor }
        guard let scales else { return Float(amplitude(1)) }
        return Float(amplitude(Double(scales[0])) / amplitude(Double(scales[1])))
    }
}

/// LongRoPE (Ding et al., 2024): a factor for each plane, and others for sequences that are longer than the
/// original context.
package struct LongRopeScaling: Equatable, Sendable {
    package var shortFactors: [Float]
    package var longFactors: [Float]
    package var originalContextLength: Int
    /// How much longer the context is; nil for the context through the original one.
    package var factor: Float?
    /// What cosines and sines are multiplied with; nil for that of the factor.
    package var attentionFactor: Float?

    package init(
        shortFactors: [Float], longFactors: [Float], originalContextLength: Int,
        factor: Float? = nil, attentionFactor: Float? = nil
    ) {
        (self.shortFactors, self.longFactors) = (shortFactors, longFactors)
        self.originalContextLength = originalContextLength
        (self.factor, self.attentionFactor) = (factor, attentionFactor)
    }

    func factors(length: Int) -> [Float] {
        length > originalContextLength ? longFactors : shortFactors
    }

    func amplitude(contextLength: Int) -> Float {
        if let attentionFactor { return attentionFactor }
        let original = Double(originalContextLength)
        let factor = factor.map { Double($0) } ?? Double(contextLength) / original
        return factor <= 1 ? 1 : Float((1 + log(factor) / log(original)).squareRoot())
    }
}
