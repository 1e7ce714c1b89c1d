import Foundation

/// The tokens that may be drawn, with their probabilities up to a common factor.
struct WeightedTokens {
    /// Ids of the weights; nil where all tokens are in the order of their ids.
    private var ids: [Int32]?
    private var weights: [Double]
    private let scores: [Float]

    /// The tokens of the k largest scores, or all: weights e^((score - best) / temperature).
    init(_ scores: [Float], best: Float, _ options: SamplingOptions) {
        self.scores = scores
        let weight = { (score: Float) in
            score.isNaN ? 0 : exp((Double(score) - Double(best)) / options.temperature)
        }
        if let topK = options.topK, topK < scores.count {
            let kept = scores.largest(topK)
            ids = kept.map(\.id)
            weights = kept.map { weight($0.score) }
        } else {
            weights = scores.map(weight)
        }
    }

    /// Keeps the fewest tokens whose share of the sum reaches `share`, the heaviest first.
    mutating func keepNucleus(_ share: Double) {
        let limit = share * weights.reduce(0, +)
        // The nucleus is mostly small: looks among few tokens first.
        var count = ids == nil ? 64 : weights.count
        while true {
            let order = ids ?? scores.largest(count).map(\.id)
            let descending = ids == nil ? order.map { weights[Int($0)] } : weights
            let (kept, sum) = Self.shortestPrefix(of: descending, reaching: limit)
            if sum >= limit || count >= weights.count {
                ids = Array(order.prefix(kept))
                weights = Array(descending.prefix(kept))
                return
            }
            count *= 8
        }
    }

    /// Rules out tokens that have less than `share` of the weight of the heaviest, which is 1.
    mutating func keepLikely(_ share: Double) {
        for index in weights.indices where weights[index] < share { weights[index] = 0 }
    }

    /// The token whose part of the line of weights covers this share of it.
    func token(at share: Double) -> Int32 {
        var rest = share * weights.reduce(0, +)
        var last = 0
        for (index, weight) in weights.enumerated() where weight > 0 {
            rest -= weight
            last = index
            if rest < 0 { break }
        }
        return ids?[last] ?? Int32(last)
    }

    private static func shortestPrefix(
        of weights: [Double], reaching limit: Double
    ) -> (count: Int, sum: Double) {
        var sum = 0.0
        for (index, weight) in weights.enumerated() {
            sum += weight
            if sum >= limit { return (index + 1, sum) }
        }
        return (weights.count, sum)
    }
}
