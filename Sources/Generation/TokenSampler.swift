import Diagnostics
import Foundation
import Tensors

/// Draws tokens from logits: a function of the logits, the sequence so far, the options, and the
/// numbers of the sample and of the draw.
package struct TokenSampler: Sendable {
    private let options: SamplingOptions
    private let sample: UInt32
    private var drawCount: UInt32 = 0
    /// How often each token was drawn.
    private var drawn: [Int32: Int] = [:]

    /// - Parameter sample: samples of different numbers have independent random numbers.
    package init(_ options: SamplingOptions, sample: Int = 0) {
        self.options = options
        self.sample = UInt32(sample)
    }

    /// The logits, of a vocabulary of so many, that can be drawn; nil: all.
    package func wanted(ofVocabulary count: Int) -> LargestWanted? {
        // What is lifted may be among the largest then.
        guard options.changesNoLogit else { return nil }
        let largest = options.temperature > 0 ? options.topK : 1
        return largest.map { LargestWanted($0, among: count) }
    }

    /// Draws one token id.
    ///
    /// - Parameters:
    ///   - sequence: the ids so far, which the repetition penalty concerns.
    ///   - constraint: what may be drawn; nil for all. The token that is drawn without it is taken if it
    ///     may be; else the others are ruled out and another one is drawn, which gives the same
    ///     probabilities.
    /// - Throws: `Failure` for logits that are not numbers.
    package mutating func draw(
        _ logits: [Float], after sequence: [Int32] = [], _ constraint: (any TokenConstraint)? = nil
    ) throws -> Int32 {
        var scores = penalized(logits, after: sequence)
        var id = try choose(among: scores)
        if let constraint, !constraint.allows(id) {
            constraint.ruleOut(&scores)
            id = try choose(among: scores)
        }
        if options.presencePenalty != 0 || options.frequencyPenalty != 0 {
            drawn[id, default: 0] += 1
        }
        return id
    }

    private mutating func choose(among scores: [Float]) throws -> Int32 {
        var best = (id: 0, score: -Float.infinity)
        // Of equal ones the first. Tokens that cannot be drawn have -infinity.
        for (id, score) in scores.enumerated() where !(score <= best.score) {
            best = (id, score)
            guard score < .infinity else { break }
        }
        guard best.score.isFinite else {
            throw Failure(
                "the model gives no probabilities", expected: "numbers as logits",
                got: scores.isEmpty ? "none" : "\(best.score) for token \(best.id)",
                remedy: "take a checkpoint from before its loss became NaN")
        }
        guard options.temperature > 0 else { return Int32(best.id) }
        var choice = WeightedTokens(scores, best: best.score, options)
        if let topP = options.topP, topP < 1 { choice.keepNucleus(topP) }
        if let minP = options.minP, minP > 0 { choice.keepLikely(minP) }
        return choice.token(at: uniform())
    }

    private func penalized(_ logits: [Float], after sequence: [Int32]) -> [Float] {
        guard !options.changesNoLogit else { return logits }
        var scores = logits
        if options.repetitionPenalty != 1 {
            let penalty = Float(options.repetitionPenalty)
            for id in Set(sequence) where scores.indices.contains(Int(id)) {
                let score = scores[Int(id)]
                scores[Int(id)] = score < 0 ? score * penalty : score / penalty
            }
        }
        for (id, count) in drawn where scores.indices.contains(Int(id)) {
            scores[Int(id)] -= Float(
                options.presencePenalty + options.frequencyPenalty * Double(count))
        }
        for (id, bias) in options.logitBias where scores.indices.contains(Int(id)) {
            scores[Int(id)] += bias
        }
        return scores
    }

    /// A number from 0 to below 1 of 53 random bits.
    private mutating func uniform() -> Double {
        let words = Philox.words(
            counter: [drawCount, sample, 0, Self.stream], key: options.seed)
        drawCount += 1
        let bits = UInt64(words[0]) << 21 | UInt64(words[1]) >> 11
        return Double(bits) / 9_007_199_254_740_992
    }

    /// Keeps these numbers apart from those of dropout and initialisation.
    private static let stream: UInt32 = 0x67_65_6E_65
}
