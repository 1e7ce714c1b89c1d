/// What is added up over sampled answers, to be told under the names of TRL.
struct PolicySums {
    private enum Key: Int, CaseIterable {
        case answers, tokens, entropy, divergence, sampledDivergence, referred, unequal
        /// Ratios, and those that a bound holds; the shares of the answer that has the least, or the most.
        case ratios, low, high, leastLow, mostHigh
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
            "clip_ratio/low_mean": self[.low] / self[.ratios],
            "clip_ratio/low_min": self[.leastLow],
            "clip_ratio/high_mean": self[.high] / self[.ratios],
            "clip_ratio/high_max": self[.mostHigh],
            "clip_ratio/region_mean": (self[.low] + self[.high]) / self[.ratios],
            "logps/unequal": self[.unequal],
            "num_tokens": Double(progress.tokenCount + progress.sequenceCount),
        ]
        if self[.referred] > 0 {
            let sum = self[settings.algorithm == .grpo ? .divergence : .sampledDivergence]
            measures["kl"] = sum / self[.referred]
        }
        return measures
    }
}
