/// A way of multiplying of which the time is taken.
package enum ProductCandidate: Hashable, Sendable {
    /// Floats.
    case floats(ProductKernels.Library)
    /// bfloat16 by the processor's instructions for it.
    case bfloat16
    /// bfloat16, widened to floats.
    case widened(ProductKernels.Library)

    package static let all =
        ProductKernels.Library.allCases.map(ProductCandidate.floats) + [.bfloat16]
        + ProductKernels.Library.allCases.map(ProductCandidate.widened)

    /// The candidates that are measured on this processor in any case; the others are as far as
    /// they have hope.
    package static let measurable =
        ProductKernels.Library.allCases.map(ProductCandidate.floats)
        + (ComputeKernels.hasBFloat16 ? [.bfloat16] : [])

    /// "fp32 onednn", "bf16", "bf16 onednn-widened".
    package var name: String {
        switch self {
        case .floats(let library): "fp32 \(library.rawValue)"
        case .bfloat16: "bf16"
        case .widened(let library):
            "bf16 \(ProductKernels(floats: library, widensBFloat16: true).name)"
        }
    }
}

/// The times of the candidates for one product, in rounds in which they took turns.
package struct ProductTimes: Equatable, Sendable {
    package static let roundCount = 3
    /// How many times as fast another way than the usual one must be, in every round.
    private static let leastGain = 1.1

    /// Seconds in each round; infinite for what was not measured.
    package private(set) var seconds: [ProductCandidate: [Double]]

    /// - Parameter seconds: candidates that are missing were not measured.
    package init(_ seconds: [ProductCandidate: [Double]]) {
        let none = [Double](repeating: .infinity, count: Self.roundCount)
        self.seconds = Dictionary(
            uniqueKeysWithValues: ProductCandidate.all.map { ($0, seconds[$0] ?? none) })
        precondition(
            self.seconds.values.allSatisfy { $0.count == Self.roundCount },
            "expected \(Self.roundCount) rounds, got \(seconds)")
    }

    /// The way that is taken in place of `usual`, for matrices of floats and for those of bfloat16.
    package func choice(insteadOf usual: ProductKernels) -> ProductKernels {
        var choice = usual
        for library in ProductKernels.Library.allCases
        where isFaster(.floats(library), than: .floats(choice.floats)) {
            choice.floats = library
        }
        choice.widensBFloat16 =
            usual.widensBFloat16
            ? !isFaster(.bfloat16, than: .widened(choice.floats))
            : isFaster(.widened(choice.floats), than: .bfloat16)
        return choice
    }

    private func isFaster(_ one: ProductCandidate, than other: ProductCandidate) -> Bool {
        zip(rounds(one), rounds(other)).allSatisfy {
            $0.isFinite && $0 * Self.leastGain <= $1
        }
    }

    package func rounds(_ candidate: ProductCandidate) -> [Double] { seconds[candidate] ?? [] }

    /// All seconds, in an order that is the same everywhere.
    package var flat: [Double] { ProductCandidate.all.flatMap(rounds) }

    package init(flat: [Double]) {
        self.init(
            Dictionary(
                uniqueKeysWithValues: ProductCandidate.all.enumerated().map { index, candidate in
                    let start = index * Self.roundCount
                    return (candidate, Array(flat[start..<start + Self.roundCount]))
                }))
    }

    /// The best rate, in GFLOP/s; nil for what was not measured.
    package func gflops(_ candidate: ProductCandidate) -> Double? {
        guard let best = rounds(candidate).min(), best.isFinite else { return nil }
        return ProductStopwatch.operations / best / 1e9
    }
}
