/// What becomes of the matches of a splitting pattern.
enum SplitBehavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"

    typealias Stretch = (range: Range<Int>, isMatch: Bool)

    /// The pieces that stretches of matches and other text become.
    func pieces(of stretches: [Stretch]) -> [Range<Int>] {
        switch self {
        case .isolated: stretches.map(\.range)
        case .removed: stretches.filter { !$0.isMatch }.map(\.range)
        case .contiguous: joined(stretches) { $0 == $1 }
        case .mergedWithPrevious: joined(stretches) { isMatch, wasMatch in isMatch && !wasMatch }
        case .mergedWithNext: mergedWithNext(stretches)
        }
    }

    private func joined(
        _ stretches: [Stretch], _ joins: (_ isMatch: Bool, _ wasMatch: Bool) -> Bool
    ) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var wasMatch = false
        for stretch in stretches {
            if joins(stretch.isMatch, wasMatch), let last = pieces.popLast() {
                pieces.append(last.lowerBound..<stretch.range.upperBound)
            } else {
                pieces.append(stretch.range)
            }
            wasMatch = stretch.isMatch
        }
        return pieces
    }

    private func mergedWithNext(_ stretches: [Stretch]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var wasMatch = false
        for stretch in stretches.reversed() {
            if stretch.isMatch, !wasMatch, let last = pieces.popLast() {
                pieces.append(stretch.range.lowerBound..<last.upperBound)
            } else {
                pieces.append(stretch.range)
            }
            wasMatch = stretch.isMatch
        }
        return pieces.reversed()
    }
}
