import Tensors

/// What is added up over pairs, to be told under the names of TRL.
struct PairSums {
    private enum Key: Int, CaseIterable {
        case pairs, chosenReward, rejectedReward, accurate, chosenLikelihood, rejectedLikelihood
        case logOdds, logOddsSigmoid
        case entropy, tokens, chosenLogits, chosenTokens, rejectedLogits, rejectedTokens, right
        case crossEntropy, crossEntropyTokens
    }

    static let count = Key.allCases.count

    private(set) var values: [Double]

    init(_ values: [Double] = Array(repeating: 0, count: PairSums.count)) {
        self.values = values
    }

    private subscript(key: Key) -> Double {
        get { values[key.rawValue] }
        set { values[key.rawValue] = newValue }
    }

    // MARK: Adding

    mutating func add(_ pair: PairLikelihoods, _ settings: PreferenceSettings) {
        let (chosen, rejected) = settings.rewards(of: pair)
        self[.pairs] += 1
        self[.chosenReward] += chosen
        self[.rejectedReward] += rejected
        self[.accurate] += chosen > rejected ? 1 : 0
        self[.chosenLikelihood] += settings.tellsAverages ? pair.chosenAverage : pair.chosen
        self[.rejectedLikelihood] += settings.tellsAverages ? pair.rejectedAverage : pair.rejected
        guard settings.weights[.orpo] != nil else { return }
        self[.logOdds] += pair.logOddsRatio
        self[.logOddsSigmoid] += logSigmoid(pair.logOddsRatio)
    }

    mutating func addCrossEntropy(_ likelihood: Double, tokens: Int) {
        self[.crossEntropy] -= likelihood
        self[.crossEntropyTokens] += Double(tokens)
    }

    mutating func add(
        _ statistics: LogitStatistics, _ chosen: Range<Int>, _ rejected: Range<Int>
    ) {
        self[.entropy] += statistics.entropies.sum(chosen) + statistics.entropies.sum(rejected)
        self[.tokens] += Double(chosen.count + rejected.count)
        self[.chosenLogits] += statistics.means.sum(chosen)
        self[.chosenTokens] += Double(chosen.count)
        self[.rejectedLogits] += statistics.means.sum(rejected)
        self[.rejectedTokens] += Double(rejected.count)
        self[.right] += statistics.tops.sum(chosen)
    }

    // MARK: Telling

    func measures(_ settings: PreferenceSettings, _ progress: BatchProgress) -> [String: Double] {
        let pairs = self[.pairs]
        var measures = [
            "rewards/chosen": self[.chosenReward] / pairs,
            "rewards/rejected": self[.rejectedReward] / pairs,
            "rewards/accuracies": self[.accurate] / pairs,
            "rewards/margins": (self[.chosenReward] - self[.rejectedReward]) / pairs,
            "logps/chosen": self[.chosenLikelihood] / pairs,
            "logps/rejected": self[.rejectedLikelihood] / pairs,
            "logits/chosen": self[.chosenLogits] / self[.chosenTokens],
            "logits/rejected": self[.rejectedLogits] / self[.rejectedTokens],
            "entropy": self[.entropy] / self[.tokens],
            "mean_token_accuracy": self[.right] / self[.chosenTokens],
            "num_tokens": Double(progress.tokenCount + 2 * progress.sequenceCount),
        ]
        if settings.weights.keys.contains(where: { $0.crossEntropy != .none }) {
            measures["nll_loss"] = self[.crossEntropy] / self[.crossEntropyTokens]
        }
        if settings.weights[.orpo] != nil {
            measures["log_odds_ratio"] = self[.logOddsSigmoid] / pairs
            measures["log_odds_chosen"] = self[.logOdds] / pairs
        }
        return measures
    }
}

extension PreferenceSettings {
    /// Whether averages over tokens are told in the place of sums, as TRL does for ORPO and SimPO.
    var tellsAverages: Bool {
        !weights.isEmpty && weights.keys.allSatisfy { $0 == .orpo || $0 == .simpo }
    }

    /// beta times the log-probabilities of the answers, less those of the reference where there is one.
    func rewards(of pair: PairLikelihoods) -> (chosen: Double, rejected: Double) {
        guard tellsAverages else { return (beta * pair.chosenRatio, beta * pair.rejectedRatio) }
        return (beta * pair.chosenAverage, beta * pair.rejectedAverage)
    }
}
