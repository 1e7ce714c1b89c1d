import CKernels
import Foundation

/// Writes one story: a pure function of seed and number.
package struct StoryWriter: StoryVoice {
    package private(set) var text = ""
    /// The index of each choice made.
    package private(set) var choices: [Int] = []
    /// The sum of -log2 p over the choices made.
    package private(set) var bits = 0.0
    /// The sum of the entropies of these choices: what `bits` is on average.
    package private(set) var expectedBits = 0.0
    /// False once a choice had one text that begins another: the reader could not distinguish them.
    package private(set) var isPrefixFree = true

    private let seed: UInt64
    private let number: Int
    private let isChecking: Bool

    /// - Parameter isChecking: Whether `isPrefixFree` is determined, which is slow.
    package init(seed: UInt64, number: Int, isChecking: Bool = false) {
        self.seed = seed
        self.number = number
        self.isChecking = isChecking
    }

    /// The story with this number.
    package static func story(
        seed: UInt64, number: Int, isChecking: Bool = false
    ) -> StoryWriter {
        var story = Story(StoryWriter(seed: seed, number: number, isChecking: isChecking))
        story.tell()
        return story.voice
    }

    package mutating func say(_ text: String) { self.text += text }

    package mutating func choose(_ options: [String], weights: [Int]) -> Int {
        let distribution = ChoiceDistribution(optionCount: options.count, weights: weights)
        if isChecking { isPrefixFree = isPrefixFree && Self.isPrefixFree(options) }
        let index = distribution.index(of: randomWord())
        choices.append(index)
        bits += distribution.bits(of: index)
        expectedBits += distribution.entropy
        text += options[index]
        return index
    }

    private func randomWord() -> UInt64 {
        let counter = [
            UInt32(choices.count), UInt32(truncatingIfNeeded: number),
            UInt32(truncatingIfNeeded: number >> 32), 0,
        ]
        var words = [UInt32](repeating: 0, count: 4)
        kernel_philox(&words, seed, counter)
        return UInt64(words[0]) << 32 | UInt64(words[1])
    }

    private static func isPrefixFree(_ options: [String]) -> Bool {
        // In ascending order of bytes a text stands next to one that it begins.
        let sorted = options.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        return zip(sorted, sorted.dropFirst()).allSatisfy { !$1.starts(with: $0) }
    }
}

/// The probabilities of one choice.
package struct ChoiceDistribution {
    package let optionCount: Int
    /// The weights of the options; empty where all are equally likely.
    package let weights: [Int]

    package init(optionCount: Int, weights: [Int]) {
        precondition(
            optionCount > 0 && (weights.isEmpty || weights.count == optionCount),
            "expected one weight for each of \(optionCount) options, got \(weights.count)")
        precondition(
            weights.allSatisfy { $0 > 0 }, "expected weights of at least 1, got \(weights)")
        self.optionCount = optionCount
        self.weights = weights
    }

    private var total: Int { weights.isEmpty ? optionCount : weights.reduce(0, +) }

    /// -log2 p of an option.
    package func bits(of index: Int) -> Double {
        log2(Double(total)) - (weights.isEmpty ? 0 : log2(Double(weights[index])))
    }

    /// The average of -log2 p.
    package var entropy: Double {
        if weights.isEmpty { return log2(Double(optionCount)) }
        return weights.indices.reduce(0.0) {
            $0 + Double(weights[$1]) / Double(total) * bits(of: $1)
        }
    }

    /// The option that a uniformly random word selects; a probability is off by 2^-64 at most.
    package func index(of word: UInt64) -> Int {
        var rest = Int(word.multipliedFullWidth(by: UInt64(total)).high)
        if weights.isEmpty { return rest }
        for (index, weight) in weights.enumerated() {
            if rest < weight { return index }
            rest -= weight
        }
        preconditionFailure("the word \(word) selects a weight beyond the sum")
    }
}
