/// What a metric finds for one document.
package enum TaskScore: Equatable, Sendable {
    case number(Double)
    /// The right class and the one that was chosen.
    case classes(right: Int, chosen: Int)
}

/// Makes one figure of the scores of all documents.
package enum TaskAggregation: String, CaseIterable, Sendable {
    case mean
    /// 100 times the mean, as SQuAD's figures are.
    case percentage
    case perplexity
    /// The F1 of class 1.
    case f1
    case macroF1 = "macro_f1"
    case weightedF1 = "weighted_f1"
    /// Matthews' correlation.
    case matthews = "matthews_corrcoef"

    /// The figure; NaN where one of the scores is.
    package func value(of scores: [TaskScore]) -> Double {
        switch self {
        case .mean: Self.mean(scores.numbers)
        case .percentage: 100 * Self.mean(scores.numbers)
        case .perplexity: perplexity(scores.numbers)
        case .f1, .macroF1, .weightedF1, .matthews: value(of: ClassCounts(scores))
        }
    }

    /// The standard error: of a mean that of the sample, else by the harness' bootstrap; nil for a single
    /// document.
    package func standardError(of scores: [TaskScore]) -> Double? {
        guard scores.count > 1 else { return nil }
        switch self {
        case .mean: return Self.standardError(ofMean: scores.numbers)
        case .percentage: return Self.standardError(ofMean: scores.numbers).map { 100 * $0 }
        case .perplexity:
            let numbers = scores.numbers
            return Bootstrap.deviation(count: numbers.count) { draw in
                var sum = 0.0
                for _ in numbers { sum += numbers[draw()] }
                return exponential(-sum / Double(numbers.count))
            }
        case .f1, .matthews:
            let counts = ClassCounts(scores)
            return Bootstrap.deviation(count: scores.count) { draw in
                value(of: counts.redrawn(draw))
            }
        case .macroF1, .weightedF1: return nil
        }
    }

    private func perplexity(_ numbers: [Double]) -> Double { exponential(-Self.mean(numbers)) }

    private func value(of counts: ClassCounts) -> Double {
        switch self {
        case .macroF1: counts.macroF1
        case .weightedF1: counts.weightedF1
        case .matthews: counts.correlation
        default: counts.f1(of: 1)
        }
    }

    private static func mean(_ numbers: [Double]) -> Double {
        numbers.reduce(0, +) / Double(numbers.count)
    }

    private static func standardError(ofMean numbers: [Double]) -> Double? {
        Bootstrap.deviation(of: numbers) / Double(numbers.count).squareRoot()
    }
}

extension [TaskScore] {
    fileprivate var numbers: [Double] {
        map { if case .number(let number) = $0 { number } else { .nan } }
    }
}
