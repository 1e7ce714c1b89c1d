/// What happens at the end of one lane: its buffer, the folds of buffers, and those that live on.
struct LanePlan {
    var buffer: Int
    var folds: [LaneTree.Fold]
    /// The buffers that hold sums afterwards, from left to right.
    var stack: [Int]

    /// Plays the lanes through: a sum is folded as soon as both sides of it are complete.
    static func plans(for lanes: Range<Int>, in tree: LaneTree) -> [LanePlan] {
        var stack: [Int] = []
        return lanes.map { lane in
            let buffer = (0...).first { !stack.contains($0) } ?? 0
            stack.append(buffer)

            let done = tree.maximalNodes(covering: lanes.lowerBound..<lane + 1)
            var folds: [LaneTree.Fold] = []
            while stack.count > done.count {
                let right = stack.removeLast()
                folds.append(LaneTree.Fold(left: stack[stack.count - 1], right: right))
            }
            return LanePlan(buffer: buffer, folds: folds, stack: stack)
        }
    }
}
