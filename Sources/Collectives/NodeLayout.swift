import CKernels

/// The tree nodes that are added for the slices of one rank, and their order: those of the ranks of
/// its host, and what the nodes of every other host come to.
package struct NodeLayout {
    /// A node in the memory of this host: number `index` of those of `rank`.
    package struct Place: Equatable, Sendable {
        package var rank: Int
        package var index: Int
    }

    package enum Source: Equatable, Sendable {
        /// The node at this index of `places`.
        case here(Int)
        /// The next message of the rank that speaks for this host.
        case away(Int)
    }

    /// The nodes of this host, from left to right.
    package let places: [Place]
    /// The additions among the nodes of this host alone, and the nodes that then remain.
    package let partialSum: LaneTree.PartialSum
    /// The sources of all nodes, from left to right.
    package let sources: [Source]
    /// The positions in `sources` of what each other host sends, in ascending order.
    let awayPositions: [[Int]]
    /// The positions of this rank's nodes among all of `sources`.
    package let ownNodes: Range<Int>
    /// The additions, in order; the sum comes to lie at position 0.
    package let folds: [LaneTree.Fold]

    /// Throws where the world has more ranks than the tree has lanes.
    package init(tree: LaneTree, hosts: HostMap, rank: Int) throws {
        let nodes = try (0..<hosts.worldSize).map { rank in
            tree.maximalNodes(
                covering: try tree.lanes(ofRank: rank, worldSize: hosts.worldSize))
        }
        let host = hosts.host(of: rank)
        places = hosts.ranks[host].flatMap { rank in
            nodes[rank].indices.map { Place(rank: rank, index: $0) }
        }
        let sums = hosts.ranks.map { ranks in tree.partialSum(of: ranks.flatMap { nodes[$0] }) }
        partialSum = sums[host]

        var all = places.enumerated().map { number, place in
            (node: nodes[place.rank][place.index], source: Source.here(number))
        }
        for (other, sum) in sums.enumerated() where other != host {
            all += sum.nodes.map { ($0, .away(other)) }
        }
        all.sort { tree.lanes(of: $0.node).lowerBound < tree.lanes(of: $1.node).lowerBound }
        sources = all.map(\.source)
        var awayPositions = Array(repeating: [Int](), count: hosts.count)
        for (position, node) in all.enumerated() {
            if case .away(let other) = node.source { awayPositions[other].append(position) }
        }
        self.awayPositions = awayPositions
        folds = tree.folds(of: all.map(\.node))
        let first = places.firstIndex { $0.rank == rank }.flatMap { [sources] number in
            sources.firstIndex(of: .here(number))
        }
        ownNodes = (first ?? 0)..<(first ?? 0) + nodes[rank].count
    }

    /// The nodes that come as messages.
    var awayCount: Int { sources.count - places.count }

    /// Adds `nodes`, those of this host and all of the same size, as far as they go: the sums come to
    /// lie at the positions of `partialSum`.
    func addPartially(_ nodes: [GradientBuffer]) {
        for fold in partialSum.folds { Self.accumulate(nodes[fold.left], nodes[fold.right]) }
    }

    /// Adds `nodes`, one for each of `sources` and all of the same size, in tree order and leaves the
    /// sum in `place`, nil meaning this rank's first one; others may be overwritten.
    ///
    /// - Returns: where the sum lies.
    @discardableResult
    func add(_ nodes: [GradientBuffer], into place: GradientBuffer? = nil) -> GradientBuffer {
        precondition(place == nil || !folds.isEmpty, "a single node is its own sum")
        let sum = place ?? nodes[ownNodes.lowerBound]
        for fold in folds.dropLast() { Self.accumulate(nodes[fold.left], nodes[fold.right]) }
        if let last = folds.last { Self.add(nodes[last.left], nodes[last.right], into: sum) }
        return sum
    }

    private static func accumulate(_ left: GradientBuffer, _ right: GradientBuffer) {
        guard let a = left.baseAddress, let b = right.baseAddress else { return }
        kernel_accumulate(a, b, left.count)
    }

    /// `out` may be either of the other two: a sum of two does not depend on their order.
    private static func add(
        _ left: GradientBuffer, _ right: GradientBuffer, into out: GradientBuffer
    ) {
        guard let a = left.baseAddress, let b = right.baseAddress, let sum = out.baseAddress
        else { return }
        switch sum {
        case a: kernel_accumulate(a, b, out.count)
        case b: kernel_accumulate(b, a, out.count)
        default: kernel_add(sum, a, b, out.count)
        }
    }
}

/// Gradients in the layout of the flat list of parameters, or a part of them.
package typealias GradientBuffer = UnsafeMutableBufferPointer<Float>
