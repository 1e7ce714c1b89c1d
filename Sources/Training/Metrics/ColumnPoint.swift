/// Neighbouring values of a column as one: the least, the most, their sum and how many they are.
package struct ColumnPoint: Equatable, Sendable {
    package private(set) var least = Double.infinity
    package private(set) var most = -Double.infinity
    package private(set) var sum = 0.0
    /// The values that are numbers; what is not finite, and what no training has, counts for nothing.
    package private(set) var count = 0.0

    package init() {}

    package init(_ value: Double) { add(value) }

    /// A point as a file has it.
    init(least: Double, most: Double, sum: Double, count: Double) {
        (self.least, self.most, self.sum, self.count) = (least, most, sum, count)
    }

    /// Values beyond are no measurements, and their sums would overflow.
    private static let limit = 1e100

    package var mean: Double { sum / count }

    package mutating func add(_ value: Double) {
        guard value.magnitude < Self.limit else { return }
        least = min(least, value)
        most = max(most, value)
        sum += value
        count += 1
    }

    package mutating func add(_ other: ColumnPoint) {
        least = min(least, other.least)
        most = max(most, other.most)
        sum += other.sum
        count += other.count
    }
}
