/// The elements of the flat vector of which a list of an optimizer's state has numbers here, one after the
/// other.
struct StatePlaces: Equatable, Sendable {
    private let parts: [Stretch]
    /// The numbers of the list.
    let count: Int

    private struct Stretch: Equatable {
        let range: Range<Int>
        /// The position of its first element in the list.
        let start: Int
    }

    /// - Parameter ranges: in ascending order; they do not overlap.
    init(_ ranges: [Range<Int>]) {
        var count = 0
        parts = ranges.filter { !$0.isEmpty }.map { range in
            defer { count += range.count }
            return Stretch(range: range, start: count)
        }
        self.count = count
    }

    /// The position in the list of `element`, or of the first one behind it that is in the list.
    func position(of element: Int) -> Int {
        var (low, high) = (0, parts.count)
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].range.lowerBound <= element { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return 0 }
        let part = parts[low - 1]
        return part.start + min(element - part.range.lowerBound, part.range.count)
    }

    /// The positions in the list of those of `elements` that are in it.
    func positions(of elements: Range<Int>) -> Range<Int> {
        position(of: elements.lowerBound)..<position(of: elements.upperBound)
    }
}
