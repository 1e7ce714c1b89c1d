/// Parts of a flat list of gradients in which, for now, no gradient lies.
struct SpareMemory {
    /// Elements that may be lent, at most.
    private let limit: Int
    private var free: [Range<Int>] = []
    private var lent: [Range<Int>] = []
    private var lentCount = 0

    init(limit: Int) { self.limit = limit }

    /// - Parameter ranges: of parameters, in ascending order. The padding between two that do not meet
    ///   stays as it is.
    mutating func add(_ ranges: [Range<Int>]) {
        for range in ranges {
            if let last = free.last, last.upperBound == range.lowerBound {
                free[free.count - 1] = last.lowerBound..<range.upperBound
            } else {
                free.append(range)
            }
        }
    }

    /// The start of `count` elements; nil where there are none.
    mutating func take(_ count: Int) -> Int? {
        guard count > 0, lentCount + count <= limit,
            let index = free.firstIndex(where: { $0.count >= count })
        else { return nil }
        let start = free[index].lowerBound
        free[index] = start + count..<free[index].upperBound
        lent.append(start..<start + count)
        lentCount += count
        return start
    }

    func hasLent(_ range: Range<Int>) -> Bool { lent.contains { $0.overlaps(range) } }
}
