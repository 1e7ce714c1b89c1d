/// What is added up over sampled answers, to be told under the names of TRL.
struct PolicySums {
    private enum Key: Int, CaseIterable {
        case answers, tokens, entropy, divergence, sampledDivergence, referred, unequal
        /// Ratios, and those that a bound holds; the shares of the answer that has the least, or the most.
        case ratios, low, high, leastLow, mostHigh
        /// With values: tokens that are learnt from, both losses, half the squares of the logarithms of ratios,
        /// and values that a bound holds.
        case valued, policyLoss, valueLoss, squaredRatio, heldValues
    }

    static let count = Key.allCases.count

    private(set) var values: [Double]

    init() {
        values = Array(repeating: 0, count: Self.count)
        self[.leastLow] = 1
    }

    init(_ values: [Double]) {
        self.values = values
    }

    private subscript(key: Key) -> Double {
        get { values[key.rawValue] }
        set { values[key.rawValue] = newValue }
    }

    mutating func add(_ answer: SampledAnswer) {
        self[.answers] += 1
        self[.tokens] += Double(answer.tokens.count)
        for token in answer.tokens {
            self[.unequal] += token.likelihood == token.sampled ? 0 : 1
            guard let reference = token.reference else { continue }
            self[.referred] += 1
            self[.divergence] += token.divergence.value
            self[.sampledDivergence] += token.sampled - reference
        }
    }

    /// Adds the losses of an answer.
    mutating func add(_ losses: [ClippedLoss]) {
        let (low, high) = (losses.count(where: \.isLow), losses.count(where: \.isHigh))
        let count = Double(losses.count)
        self[.ratios] += count
        self[.low] += Double(low)
        self[.high] += Double(high)
        self[.leastLow] = min(self[.leastLow], Double(low) / count)
        self[.mostHigh] = max(self[.mostHigh], Double(high) / count)
    }

    /// Adds the losses of a token that has a value.
    mutating func add(
        _ token: SampledAnswer.Token, policy: Double, value: Double, isClipped: Bool
    ) {
        let logRatio = token.likelihood - token.sampled
        self[.valued] += 1
        self[.policyLoss] += policy
        self[.valueLoss] += value
        self[.squaredRatio] += logRatio * logRatio / 2
        self[.heldValues] += isClipped ? 1 : 0
    }

    mutating func add(entropy: Double) { self[.entropy] += entropy }

    static func combine(_ a: Double, _ b: Double, _ index: Int) -> Double {
        switch Key(rawValue: index) {
        case .leastLow: min(a, b)
        case .mostHigh: max(a, b)
        default: a + b
        }
    }

    func measures(
        _ settings: PolicySettings, _ progress: BatchProgress
    ) -> [String: Double] {
        var measures = [
            "entropy": self[.entropy] / self[.tokens],
            "clip_ratio/low_mean": self[.low] / max(1, self[.ratios]),
            "clip_ratio/low_min": self[.leastLow],
            "clip_ratio/high_mean": self[.high] / max(1, self[.ratios]),
            "clip_ratio/high_max": self[.mostHigh],
            "clip_ratio/region_mean": (self[.low] + self[.high]) / max(1, self[.ratios]),
            "logps/unequal": self[.unequal],
            "num_tokens": Double(progress.tokenCount + progress.sequenceCount),
        ]
        if self[.referred] > 0 {
            let sum = self[settings.algorithm == .grpo ? .divergence : .sampledDivergence]
            measures["kl"] = sum / self[.referred]
        }
        guard settings.learnsValues else { return measures }
        let count = max(1, self[.valued])
        measures["loss/policy_avg"] = self[.policyLoss] / count
        measures["loss/value_avg"] = self[.valueLoss] / count
        measures["policy/approxkl_avg"] = self[.squaredRatio] / count
        measures["val/clipfrac_avg"] = self[.heldValues] / count
        return measures
    }
}
