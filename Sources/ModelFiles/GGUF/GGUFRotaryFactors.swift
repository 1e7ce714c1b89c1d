import Models

/// The factors by which Llama 3's scaling divides the frequencies, back to the numbers of config.json.
///
/// GGUF files hold the factors alone (`rope_freqs.weight`). Llama 3.1 and 3.2 have 1 and 4 as factors of
/// low and high frequencies. The largest factor is the scaling's; a factor f between 1 and that tells the
/// original context length: with a wavelength w and a factor F it is w (1 + 3 s), 1 / f = (1 - s) / F + s.
struct GGUFRotaryFactors {
    static let name = "rope_freqs.weight"
    /// The factors of longrope, for short and for long sequences.
    static let (shortName, longName) = ("rope_factors_short.weight", "rope_factors_long.weight")
    static let names: Set<String> = [name, shortName, longName]
    private static let (low, high) = (Float(1), Float(4))
    /// The factors are floats that were computed in other orders.
    private static let tolerance: Float = 1e-4

    let factors: [Float]
    let theta: Float
    let headSize: Int

    /// nil where the factors are those of no such scaling.
    var scaling: RopeScaling? {
        guard factors.count == headSize / 2, let factor = factors.max(), factor >= 1,
            factors.allSatisfy(\.isFinite)
        else { return nil }
        return originals(factor).lazy.map { original in
            RopeScaling(
                factor: factor, lowFrequencyFactor: Self.low, highFrequencyFactor: Self.high,
                originalContextLength: original)
        }.first(where: fits)
    }

    /// Context lengths that may be the one of the training before the scaling, likely ones first.
    private func originals(_ factor: Float) -> [Int] {
        let frequencies = RotaryPositions(theta: theta).frequencies(headSize: headSize)
        let told = zip(factors, frequencies).compactMap { own, frequency -> Int? in
            guard own > 1.001, own < factor * 0.999, frequency > 0 else { return nil }
            let share = (1 / own - 1 / factor) / (1 - 1 / factor)
            let original = 2 * Float.pi / frequency * (Self.low + (Self.high - Self.low) * share)
            return original < Float(1 << 24) ? Int(original.rounded()) : nil
        }
        return [8192] + told + (2...24).map { 1 << $0 }
    }

    private func fits(_ scaling: RopeScaling) -> Bool {
        let plain = RotaryPositions(theta: theta).frequencies(headSize: headSize)
        let scaled = RotaryPositions(theta: theta, scaling: .llama3(scaling))
            .frequencies(headSize: headSize)
        return zip(factors, zip(plain, scaled)).allSatisfy { own, frequencies in
            abs(own * frequencies.1 / frequencies.0 - 1) <= Self.tolerance
        }
    }
}

extension DecoderConfiguration {
    /// The factors by which a scaling divides each frequency of rotary positions: those of Llama 3 and of
    /// longrope.
    var ggufRotaryFactors: [GGUFTensor] {
        guard case .rotary(let rotary) = positions else { return [] }
        func tensor(_ name: String, _ factors: [Float]) -> GGUFTensor {
            GGUFTensor(name: name, shape: [factors.count], type: .float32) { factors }
        }
        switch rotary.scaling {
        case .llama3:
            let plain = RotaryPositions(theta: rotary.theta).frequencies(headSize: headSize)
            let factors = zip(plain, rotary.frequencies(headSize: headSize)).map { $0 / $1 }
            return [tensor(GGUFRotaryFactors.name, factors)]
        case .longRope(let scaling):
            return [
                tensor(GGUFRotaryFactors.longName, scaling.longFactors),
                tensor(GGUFRotaryFactors.shortName, scaling.shortFactors),
            ]
        case nil, .linear, .dynamic, .yarn: return []
        }
    }
}
