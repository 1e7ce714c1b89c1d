import CKernels

/// Which tree nodes each rank brings, and in which order they are added.
package struct NodeLayout {
    /// The nodes of each rank, as positions in the list of all nodes, from left to right.
    let positions: [Range<Int>]
    private let folds: [LaneTree.Fold]

    /// Throws where the world has more ranks than the tree has lanes.
    package init(tree: LaneTree, worldSize: Int) throws {
        let nodes = try (0..<worldSize).map { rank in
            tree.maximalNodes(covering: try tree.lanes(ofRank: rank, worldSize: worldSize))
        }
        var end = 0
        positions = nodes.map { nodes in
            end += nodes.count
            return end - nodes.count..<end
        }
        folds = tree.folds(of: nodes.flatMap { $0 })
    }

    var nodeCount: Int { positions[positions.count - 1].upperBound }

    /// Adds `nodes`, all of the same size, in tree order and leaves the sum in the one at position
    /// `sum`; others may be overwritten.
    func add(_ nodes: [GradientBuffer], into sum: Int) {
        for fold in folds.dropLast() { Self.accumulate(nodes[fold.left], nodes[fold.right]) }
        guard let last = folds.last else { return }
        Self.add(nodes[last.left], nodes[last.right], into: nodes[sum])
    }

    private static func accumulate(_ left: GradientBuffer, _ right: GradientBuffer) {
        guard let a = left.baseAddress, let b = right.baseAddress else { return }
        swift_llm_accumulate(a, b, left.count)
    }

    /// `out` may be either of the other two: a sum of two does not depend on their order.
    private static func add(
        _ left: GradientBuffer, _ right: GradientBuffer, into out: GradientBuffer
    ) {
        guard let a = left.baseAddress, let b = right.baseAddress, let sum = out.baseAddress
        else { return }
        switch sum {
        case a: swift_llm_accumulate(a, b, out.count)
        case b: swift_llm_accumulate(b, a, out.count)
        default: swift_llm_add(sum, a, b, out.count)
        }
    }
}

/// Gradients in the layout of the flat list of parameters, or a part of them.
package typealias GradientBuffer = UnsafeMutableBufferPointer<Float>
