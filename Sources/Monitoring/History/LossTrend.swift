import Foundation

/// Where the loss of a run goes, measured by how much it varies from batch to batch.
enum LossTrend: Equatable {
    /// Too few steps to say anything.
    case early
    /// It varies more than it moves.
    case unclear
    case falls
    /// It has moved by less than a hundredth since the first quarter of the run.
    case flat
    /// It was lower before, and that is no chance.
    case rises(from: Double, atStep: Int)

    /// Points and steps from which on something is said.
    private static let (leastPoints, leastSteps) = (20, 100)
    private static let blockCount = 32
    /// Deviations that are no chance, of a difference and of the lowest of many blocks.
    private static let (sureDeviations, lowestDeviations) = (2.0, 5.0)
    /// Shares of the loss: what counts as no fall, what must be told apart from it, and what is a rise.
    private static let (flatShare, tellingShare, riseShare) = (0.01, 0.02, 0.02)
    /// What of the fall so far is lost again where a run diverges.
    private static let lostShare = 0.2

    init(_ curve: Curve) {
        let points = curve.points
        guard points.count >= Self.leastPoints else {
            self = .early
            return
        }
        let noise = Self.noise(of: points)
        if let rise = Self.rise(points, noise) {
            self = rise
            return
        }
        guard let last = points.last, last.step >= Self.leastSteps else {
            self = .early
            return
        }
        let quarter = points.count / 4
        let first = Self.mean(points.prefix(quarter))
        let fall = first - Self.mean(points.suffix(quarter))
        let deviation = noise * (2 / Double(quarter)).squareRoot()
        if fall < Self.flatShare * abs(first) {
            let canTell = Self.sureDeviations * deviation <= Self.tellingShare * abs(first)
            self = canTell ? .flat : .unclear
        } else {
            self = fall > Self.sureDeviations * deviation ? .falls : .unclear
        }
    }

    /// The deviation of a point, by the median of the differences of neighbours: neither the course nor a
    /// few steps far from the others count.
    private static func noise(of points: [Curve.Point]) -> Double {
        let differences = zip(points, points.dropFirst()).map { abs($1.mean - $0.mean) }.sorted()
        // The median of the size of a difference of two normal numbers is 0.954 of their deviation.
        return differences[differences.count / 2] / 0.954
    }

    private static func mean(_ points: ArraySlice<Curve.Point>) -> Double {
        points.reduce(0) { $0 + $1.mean } / Double(points.count)
    }

    private static func rise(_ points: [Curve.Point], _ noise: Double) -> LossTrend? {
        let size = max(1, points.count / blockCount)
        let blocks = stride(from: points.count % size, to: points.count, by: size).map {
            (mean: mean(points[$0..<$0 + size]), step: points[$0 + size - 1].step)
        }
        guard let first = blocks.first, let last = blocks.last,
            let low = blocks.min(by: { $0.mean < $1.mean })
        else { return nil }
        let least = max(
            lowestDeviations * noise * (2 / Double(size)).squareRoot(),
            lostShare * (first.mean - low.mean), riseShare * abs(low.mean))
        guard last.mean - low.mean > least else { return nil }
        return .rises(from: low.mean, atStep: low.step)
    }
}
