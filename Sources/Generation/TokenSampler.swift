import Foundation
import Tensors

/// Draws tokens from logits: a function of the logits, the options, the seed and the number of the draw.
package struct TokenSampler: Sendable {
    /// How to draw.
    package struct Options: Sendable {
        /// Divides the logits: below 1 safer, above 1 bolder; 0 always takes the likeliest.
        package var temperature: Double
        /// Only the k likeliest tokens may be drawn.
        package var topK: Int?
        /// Only the likeliest tokens of this joint probability may be drawn (Holtzman et al., 2020).
        package var topP: Double?
        package var seed: UInt64

        package init(temperature: Double, topK: Int?, topP: Double?, seed: UInt64) {
            self.temperature = temperature
            self.topK = topK
            self.topP = topP
            self.seed = seed
        }
    }

    private let options: Options
    private var drawCount: UInt32 = 0

    package init(_ options: Options) {
        self.options = options
    }

    /// One token id; of equal logits the lowest id comes first.
    package mutating func draw(_ logits: some Collection<Float>) -> Int32 {
        let order = logits.enumerated().sorted {
            $0.element != $1.element ? $0.element > $1.element : $0.offset < $1.offset
        }
        guard options.temperature > 0, let best = order.first else {
            return Int32(order.first?.offset ?? 0)
        }
        let kept = order.prefix(options.topK ?? order.count)
        let weights = kept.map {
            exp(Double($0.element - best.element) / options.temperature)
        }
        return Int32(kept[draw(weights.prefix(nucleusCount(of: weights)))].offset)
    }

    /// How many of the descending weights reach the joint probability `topP`.
    private func nucleusCount(of weights: [Double]) -> Int {
        guard let topP = options.topP, topP < 1 else { return weights.count }
        let limit = topP * weights.reduce(0, +)
        var sum = 0.0
        for (index, weight) in weights.enumerated() {
            sum += weight
            if sum >= limit { return index + 1 }
        }
        return weights.count
    }

    private mutating func draw(_ weights: ArraySlice<Double>) -> Int {
        let words = Philox.words(counter: [drawCount, 0, 0, Self.stream], key: options.seed)
        drawCount += 1
        let uniform =
            (Double(words[0]) * 4_294_967_296 + Double(words[1])) / 18_446_744_073_709_551_616
        var rest = uniform * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return index }
        }
        return weights.count - 1
    }

    /// Keeps these numbers apart from those of dropout and initialisation.
    private static let stream: UInt32 = 0x67_65_6E_65
}
