import JSON
import Training

/// The figures of steps of a run, in 20 bytes a step, of which any part can be drawn at once.
struct StepSeries: Sendable {
    /// The figures, by their names in metrics.jsonl.
    enum Figure: String, CaseIterable, Sendable {
        case loss
        case learningRate = "learning_rate"
        case gradientNorm = "gradient_norm"
        case tokensPerSecond = "tokens_per_second"
    }

    /// Neighbouring steps as one point of a curve.
    struct Point: Equatable, Sendable {
        let step: Int
        let mean: Double
        let least: Double
        let most: Double

        init(step: Int, mean: Double, least: Double, most: Double) {
            (self.step, self.mean, self.least, self.most) = (step, mean, least, most)
        }

        /// Nil where no value is a number.
        init?(_ part: ColumnsReader.Part) {
            guard part.point.count > 0 else { return nil }
            self.init(
                step: part.step, mean: part.point.mean, least: part.point.least,
                most: part.point.most)
        }
    }

    /// Ascending.
    private(set) var steps: [Int32] = []
    private var values: [[Float]] = Figure.allCases.map { _ in [] }

    /// Takes up a record of a step; a step that stands in the wrong place is left out.
    mutating func append(_ record: JSONValue) {
        guard record["kind"]?.string == "train", let step = record["step"]?.integer,
            let short = Int32(exactly: step), short > steps.last ?? -1
        else { return }
        steps.append(short)
        for (index, figure) in Figure.allCases.enumerated() {
            values[index].append(record[figure.rawValue]?.double.map { Float($0) } ?? .nan)
        }
    }

    /// The steps that are known between two of them.
    func count(in range: ClosedRange<Int>) -> Int {
        max(0, index(of: range.upperBound + 1) - index(of: range.lowerBound))
    }

    /// The curve of a figure between two steps, of which `share` are one point; what is not finite is left
    /// out.
    func curve(_ figure: Figure, in range: ClosedRange<Int>, share: Int) -> [Point] {
        let (first, end) = (index(of: range.lowerBound), index(of: range.upperBound + 1))
        guard first < end, let place = Figure.allCases.firstIndex(of: figure) else { return [] }
        return stride(from: first, to: end, by: share).compactMap { start in
            point(values[place], start..<min(end, start + share))
        }
    }

    private func point(_ values: [Float], _ range: Range<Int>) -> Point? {
        var (sum, count) = (0.0, 0)
        var (least, most) = (Float.infinity, -Float.infinity)
        for index in range where values[index].isFinite {
            sum += Double(values[index])
            count += 1
            least = min(least, values[index])
            most = max(most, values[index])
        }
        guard count > 0 else { return nil }
        return Point(
            step: Int(steps[range.upperBound - 1]), mean: sum / Double(count),
            least: Double(least), most: Double(most))
    }

    /// The place of the first step that is not before a step.
    private func index(of step: Int) -> Int {
        var (low, high) = (0, steps.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(steps[middle]) < step { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
