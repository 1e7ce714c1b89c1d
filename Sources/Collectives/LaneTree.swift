import Diagnostics

/// The fixed binary tree along which the lanes' gradients are added.
///
/// Node (level, index) covers the lanes [index * 2^level, min((index + 1) * 2^level, L)); a parent
/// is left + right, and an odd one passes up unchanged. Because the tree depends on the lane count
/// alone, every way to share the lanes among ranks gives the same bits.
package struct LaneTree: Equatable, Sendable {
    /// A place in the tree; level 0 holds the lanes.
    package struct Node: Hashable, Sendable {
        package var level: Int
        package var index: Int

        package init(level: Int, index: Int) {
            self.level = level
            self.index = index
        }
    }

    /// Adds the node at position `right` to the one at position `left` of a list of nodes.
    package struct Fold: Equatable, Sendable {
        package var left: Int
        package var right: Int
    }

    package let laneCount: Int

    package init(laneCount: Int) {
        precondition(laneCount > 0, "expected at least one lane, got \(laneCount)")
        self.laneCount = laneCount
    }

    /// The node that covers all lanes, at the lowest level that has one node.
    package var root: Node {
        var level = 0
        while 1 << level < laneCount { level += 1 }
        return Node(level: level, index: 0)
    }

    package func lanes(of node: Node) -> Range<Int> {
        let size = 1 << node.level
        return node.index * size..<min((node.index + 1) * size, laneCount)
    }

    /// The lanes that `rank` computes: [floor(rL/R), floor((r+1)L/R)).
    ///
    /// Throws where there are more ranks than lanes, so that some rank would have none.
    package func lanes(ofRank rank: Int, worldSize: Int) throws -> Range<Int> {
        guard worldSize <= laneCount else {
            throw Failure(
                "there are more ranks than lanes",
                expected: "at most \(Quantity.count(laneCount, "rank"))",
                got: "\(worldSize)", at: "train.lanes",
                remedy: "start on \(Quantity.count(laneCount, "rank")), or set "
                    + FailureText("\(key: "train.lanes")=\(worldSize), with which the bits change"),
                kind: .usage)
        }
        precondition((0..<worldSize).contains(rank), "expected a rank < \(worldSize), got \(rank)")
        return rank * laneCount / worldSize..<(rank + 1) * laneCount / worldSize
    }

    /// The largest nodes that lie wholly in `range`, from left to right; together they cover it.
    package func maximalNodes(covering range: Range<Int>) -> [Node] {
        maximalNodes(covering: range, below: root)
    }

    private func maximalNodes(covering range: Range<Int>, below node: Node) -> [Node] {
        let lanes = lanes(of: node)
        guard lanes.overlaps(range) else { return [] }
        guard !range.contains(lanes) else { return [node] }
        return children(of: node).flatMap { maximalNodes(covering: range, below: $0) }
    }

    /// The result of the additions within a list of nodes that need no other node.
    package struct PartialSum: Equatable, Sendable {
        /// The additions, in order.
        package var folds: [Fold]
        /// The nodes that remain, from left to right, and their positions in the list.
        package var nodes: [Node]
        package var positions: [Int]
    }

    /// The sums of `list`, nodes from left to right that need not cover all lanes.
    package func partialSum(of list: [Node]) -> PartialSum {
        var folds: [Fold] = []
        var remaining: [Int: Node] = [:]
        var next = 0
        /// Returns the position at which `node` comes to lie; nil where something of it is missing.
        func fold(_ node: Node) -> Int? {
            guard next < list.count, lanes(of: node).overlaps(lanes(of: list[next])) else {
                return nil
            }
            guard node != list[next] else {
                next += 1
                return next - 1
            }
            precondition(node.level > 0, "the nodes overlap, or \(node) is out of place")
            let parts = children(of: node).map { (position: fold($0), node: $0) }
            guard let first = parts[0].position, let last = parts[parts.count - 1].position else {
                for part in parts { part.position.map { remaining[$0] = part.node } }
                return nil
            }
            if parts.count == 2 { folds.append(Fold(left: first, right: last)) }
            return first
        }
        if let position = fold(root) { remaining[position] = root }
        precondition(next == list.count, "the nodes do not stand from left to right")
        let positions = remaining.keys.sorted()
        return PartialSum(
            folds: folds, nodes: positions.compactMap { remaining[$0] }, positions: positions)
    }

    /// The additions, in order, that turn `nodes`, which cover all lanes from left to right, into
    /// the root at position 0.
    package func folds(of nodes: [Node]) -> [Fold] {
        let sum = partialSum(of: nodes)
        precondition(sum.nodes == [root], "the nodes do not cover all lanes")
        return sum.folds
    }

    /// Two nodes, or the one that passes up.
    private func children(of node: Node) -> [Node] {
        [2 * node.index, 2 * node.index + 1]
            .map { Node(level: node.level - 1, index: $0) }
            .filter { $0.index << $0.level < laneCount }
    }
}
