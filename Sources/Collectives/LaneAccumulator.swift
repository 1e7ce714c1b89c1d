import CKernels

/// Adds the gradients of one rank's lanes into the rank's maximal tree nodes.
///
/// The lanes come in ascending order. A lane's gradient, the flat list of parameters, is written
/// whole into the buffer that `beginLane` names; `finishLane(in:)` then folds finished siblings in
/// place, left += right, range by range, so that the last lane's backward pass can hand over each
/// bucket as soon as it is complete.
///
/// With n lanes 1 + ceil(log2(n)) buffers live where the ranks' shares are equal powers of two, and
/// always up to L = 17; shares that lie askew in the tree need up to 2 ceil(log2(n)).
/// `bufferCount(for:in:)` gives the exact number.
package final class LaneAccumulator {
    package typealias Buffer = GradientBuffer

    package let tree: LaneTree
    package let lanes: Range<Int>
    package let parameterCount: Int
    /// The nodes that remain after the last lane.
    package let nodes: [LaneTree.Node]

    private let plans: [LanePlan]
    private let buffers: [Buffer]
    private let forEach: ForEach
    private var lane: Int
    private var isLaneOpen = false
    /// Elements of the current lane that are still to be finished.
    private var remainingCount = 0

    /// - Parameters:
    ///   - buffers: `bufferCount(for:in:)` flat lists, which the caller keeps alive.
    ///   - forEach: runs the additions.
    package init(
        tree: LaneTree, lanes: Range<Int>, buffers: [Buffer],
        forEach: @escaping ForEach = forEachInOrder
    ) {
        precondition(!lanes.isEmpty, "expected a lane")
        let bufferCount = Self.bufferCount(for: lanes, in: tree)
        precondition(
            buffers.count == bufferCount, "expected \(bufferCount) buffers, got \(buffers.count)")
        self.tree = tree
        self.lanes = lanes
        parameterCount = buffers[0].count
        nodes = tree.maximalNodes(covering: lanes)
        plans = LanePlan.plans(for: lanes, in: tree)
        self.buffers = buffers
        self.forEach = forEach
        lane = lanes.lowerBound
    }

    /// The gradient buffers that are ever needed at once.
    package static func bufferCount(for lanes: Range<Int>, in tree: LaneTree) -> Int {
        let plans = LanePlan.plans(for: lanes, in: tree)
        return 1 + (plans.map(\.buffer).max() ?? 0)
    }

    /// The buffers, from left to right, that hold the sums of the nodes after the last lane.
    package static func nodeIndices(of lanes: Range<Int>, in tree: LaneTree) -> [Int] {
        LanePlan.plans(for: lanes, in: tree).last?.stack ?? []
    }

    /// Forgets all sums: the next lane is the first one of a new step.
    package func reset() {
        precondition(!isLaneOpen, "lane \(lane) is not finished")
        lane = lanes.lowerBound
    }

    /// The index of the buffer for the gradient of the next lane.
    package func beginLane() -> Int {
        precondition(!isLaneOpen, "lane \(lane) is not finished")
        precondition(lane < lanes.upperBound, "all lanes have been added")
        remainingCount = parameterCount
        isLaneOpen = true
        return plans[lane - lanes.lowerBound].buffer
    }

    /// Adds the elements `range` of the current lane's gradient, which are complete, to the sums.
    ///
    /// Every element is finished once; the lane ends with the last of them.
    package func finishLane(in range: Range<Int>) {
        precondition(isLaneOpen, "no lane has begun")
        precondition(
            range.count <= remainingCount && range.upperBound <= parameterCount,
            "expected at most \(remainingCount) of \(parameterCount) elements, got \(range)")
        add(plans[lane - lanes.lowerBound].folds, in: range)
        remainingCount -= range.count
        guard remainingCount == 0 else { return }
        isLaneOpen = false
        lane += 1
    }

    package func finishLane() {
        finishLane(in: 0..<parameterCount)
    }

    /// The number of elements that one thread adds at a time: two such pieces fit in its
    /// second-level cache.
    private static let pieceSize = 1 << 16

    private func add(_ folds: [LaneTree.Fold], in range: Range<Int>) {
        guard !folds.isEmpty else { return }
        forEach((range.count + Self.pieceSize - 1) / Self.pieceSize) { index in
            let start = range.lowerBound + index * Self.pieceSize
            let piece = start..<min(start + Self.pieceSize, range.upperBound)
            for fold in folds {
                guard let left = Buffer(rebasing: buffers[fold.left][piece]).baseAddress,
                    let right = Buffer(rebasing: buffers[fold.right][piece]).baseAddress
                else { continue }
                kernel_accumulate(left, right, piece.count)
            }
        }
    }

    /// The sums of `nodes`; valid where the last lane has been finished.
    package var nodeBuffers: [Buffer] {
        precondition(lane >= lanes.upperBound - 1, "lane \(lane) is not the last one")
        return (plans.last?.stack ?? []).map { buffers[$0] }
    }

    /// The index of the buffer of the first node, where the sum over all ranks comes to lie.
    package var sumIndex: Int { plans.last?.stack.first ?? 0 }
}

/// Runs its body once for each index below the count, perhaps on several threads, and returns when
/// all are done. No result depends on which thread runs which index.
package typealias ForEach = (_ count: Int, _ body: (_ index: Int) -> Void) -> Void

/// Runs the body for each index in ascending order, on the calling thread.
package func forEachInOrder(_ count: Int, _ body: (_ index: Int) -> Void) {
    for index in 0..<count { body(index) }
}

/// The work at the end of one lane: its buffer, the folds of buffers, and those that live on.
private struct LanePlan {
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
