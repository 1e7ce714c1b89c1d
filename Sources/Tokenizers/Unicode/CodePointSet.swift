/// A set of code points as ascending ranges that neither overlap nor touch.
struct CodePointSet: Equatable, Sendable {
    typealias Bounds = ClosedRange<UInt32>

    static let last: UInt32 = 0x10FFFF
    static let all = CodePointSet([0...last])

    private(set) var ranges: [Bounds]
    /// Whether each ASCII character is in the set: bits of two words.
    private var ascii: (UInt64, UInt64) = (0, 0)

    /// The set of all code points in the ranges, which may come in any order.
    init(_ ranges: [Bounds] = []) {
        var merged: [Bounds] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let end = merged.last?.upperBound, range.lowerBound <= end + 1 {
                let start = merged[merged.count - 1].lowerBound
                merged[merged.count - 1] = start...max(end, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
        for value in UInt32(0)..<128 where isInRange(value) {
            if value < 64 {
                ascii.0 |= 1 << UInt64(value)
            } else {
                ascii.1 |= 1 << UInt64(value - 64)
            }
        }
    }

    /// The set of a table of first and last code points.
    init(table: [UInt32]) {
        self.init(stride(from: 0, to: table.count, by: 2).map { table[$0]...table[$0 + 1] })
    }

    /// The set of all code points of some categories.
    init(categories: Set<GeneralCategory>) {
        self.init(GeneralCategory.runs.filter { categories.contains($0.category) }.map(\.range))
    }

    static func == (a: CodePointSet, b: CodePointSet) -> Bool { a.ranges == b.ranges }

    var isEmpty: Bool { ranges.isEmpty }
    var count: Int { ranges.reduce(0) { $0 + Int($1.upperBound - $1.lowerBound) + 1 } }

    @inline(__always)
    func contains(_ value: UInt32) -> Bool {
        if value < 64 { return ascii.0 >> UInt64(value) & 1 != 0 }
        if value < 128 { return ascii.1 >> UInt64(value - 64) & 1 != 0 }
        return isInRange(value)
    }

    private func isInRange(_ value: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(value)
    }

    func union(_ other: CodePointSet) -> CodePointSet { .init(ranges + other.ranges) }

    var inverted: CodePointSet {
        var gaps: [Bounds] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= Self.last { gaps.append(next...Self.last) }
        return .init(gaps)
    }

    func intersection(_ other: CodePointSet) -> CodePointSet {
        inverted.union(other.inverted).inverted
    }

    func symmetricDifference(_ other: CodePointSet) -> CodePointSet {
        intersection(other.inverted).union(inverted.intersection(other))
    }
}
