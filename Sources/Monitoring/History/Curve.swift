/// A curve of any number of points, of which no more are kept than can be seen: neighbours are
/// averaged once there are too many.
package struct Curve: Equatable, Sendable {
    /// Some neighbouring points as one.
    package struct Point: Equatable, Sendable {
        /// The step of the last of them.
        package var step: Int
        package var mean: Double
        package var least: Double
        package var most: Double
        fileprivate var count: Int

        package init(step: Int, mean: Double, least: Double, most: Double, count: Int) {
            (self.step, self.mean, self.least, self.most) = (step, mean, least, most)
            self.count = count
        }
    }

    /// The most points that are kept.
    private let capacity: Int
    /// Points that are one.
    private var share = 1
    package private(set) var points: [Point] = []

    package init(capacity: Int = 1024) {
        precondition(capacity >= 2, "a curve of at least two points, got \(capacity)")
        self.capacity = capacity
    }

    /// A curve whose points are there already; it is made coarser until they fit.
    package init(capacity: Int = 1024, points: [Point]) {
        self.init(capacity: capacity)
        (self.points, share) = (points, max(1, points.map(\.count).max() ?? 1))
        while self.points.count > capacity { halve() }
    }

    /// Values beyond are no measurements, and their sums would overflow.
    private static let limit = 1e100

    /// Takes up a value; what is not finite has no place on a curve.
    package mutating func append(_ value: Double, at step: Int) {
        guard value.magnitude < Self.limit else { return }
        let point = Point(step: step, mean: value, least: value, most: value, count: 1)
        guard let last = points.last, last.count < share else {
            points.append(point)
            if points.count > capacity { halve() }
            return
        }
        points[points.count - 1] = Self.joined(last, point)
    }

    private mutating func halve() {
        share *= 2
        points = stride(from: 0, to: points.count, by: 2).map { index in
            index + 1 < points.count
                ? Self.joined(points[index], points[index + 1]) : points[index]
        }
    }

    private static func joined(_ one: Point, _ other: Point) -> Point {
        let count = one.count + other.count
        let sum = one.mean * Double(one.count) + other.mean * Double(other.count)
        return Point(
            step: other.step, mean: sum / Double(count), least: min(one.least, other.least),
            most: max(one.most, other.most), count: count)
    }

    /// The averages, each followed slowly by the one behind it.
    ///
    /// - Parameter reach: points over which a change spreads.
    package func smoothed(reach: Double) -> [(step: Int, value: Double)] {
        var average = RunningAverage(reach: reach)
        return points.map { ($0.step, average.add($0.mean)) }
    }
}

/// An average that forgets, and that counts the first values in full.
package struct RunningAverage: Sendable {
    private let keep: Double
    private var (sum, weight) = (0.0, 0.0)

    /// - Parameter reach: values after which one counts for a third.
    package init(reach: Double) { keep = max(0, 1 - 1 / max(1, reach)) }

    /// The average; nil before the first value.
    package var value: Double? { weight > 0 ? sum / weight : nil }

    /// Takes up a value, and returns the average.
    @discardableResult
    package mutating func add(_ value: Double) -> Double {
        sum = keep * sum + (1 - keep) * value
        weight = keep * weight + (1 - keep)
        return sum / weight
    }
}
