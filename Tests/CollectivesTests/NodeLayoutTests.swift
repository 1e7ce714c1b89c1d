import Collectives
import Testing

/// Sums are played with terms such as ((0+1)+2) in place of gradients.
@Suite struct NodeLayoutTests {
    @Test func nodesOfTwoHostsAreThoseDrawnByHand() throws {
        // Six lanes on three ranks: 0 1 | 2 3 | 4 5; the first two ranks are on one host.
        let tree = LaneTree(laneCount: 6)
        let hosts = HostMap(labels: [0, 0, 1])
        let first = try NodeLayout(tree: tree, hosts: hosts, rank: 1)
        #expect(first.places.map { [$0.rank, $0.index] } == [[0, 0], [1, 0]])
        #expect(first.partialSum.positions == [0])
        #expect(first.sources == [.here(0), .here(1), .away(1)])
        #expect(first.ownNodes == 1..<2)
        let last = try NodeLayout(tree: tree, hosts: hosts, rank: 2)
        #expect(last.sources == [.away(0), .here(0)])
        #expect(last.partialSum.nodes == [LaneTree.Node(level: 2, index: 1)])
    }

    @Test func ranksThatAreDealtOutLeaveTheirNodesApart() throws {
        let layout = try NodeLayout(
            tree: LaneTree(laneCount: 4), hosts: HostMap(labels: [0, 1, 0, 1]), rank: 2)
        #expect(layout.partialSum.folds.isEmpty)
        #expect(layout.partialSum.positions == [0, 1])
        #expect(layout.sources == [.here(0), .away(1), .here(1), .away(1)])
        #expect(layout.ownNodes == 2..<3)
    }

    @Test(arguments: 1...9)
    func everyPlacementGivesTheSumOfOneRank(laneCount: Int) throws {
        let tree = LaneTree(laneCount: laneCount)
        for worldSize in 1...laneCount {
            for hosts in Self.maps(worldSize: worldSize) {
                let layouts = try (0..<worldSize).map {
                    try NodeLayout(tree: tree, hosts: hosts, rank: $0)
                }
                for rank in 0..<worldSize {
                    let sum = try sum(ofRank: rank, layouts, hosts, tree)
                    #expect(sum == term(0..<laneCount), "\(hosts.ranks), rank \(rank)")
                }
            }
        }
    }

    /// All placements of few ranks on up to three hosts; some of many.
    private static func maps(worldSize: Int) -> [HostMap] {
        var count = 1
        for _ in 0..<worldSize { count *= 3 }
        return stride(from: 0, to: count, by: max(1, count / 200)).map { number in
            var rest = number
            return HostMap(
                labels: (0..<worldSize).map { _ in
                    defer { rest /= 3 }
                    return rest % 3
                })
        }
    }

    /// As the transport adds: other hosts send what their nodes come to.
    private func sum(
        ofRank rank: Int, _ layouts: [NodeLayout], _ hosts: HostMap, _ tree: LaneTree
    ) throws -> String {
        var messages = try hosts.ranks.map { ranks in
            let layout = layouts[ranks[0]]
            let terms = folded(try terms(layout, hosts, tree), layout.partialSum.folds)
            return layout.partialSum.positions.map { terms[$0] }
        }
        let layout = layouts[rank]
        let here = try terms(layout, hosts, tree)
        let all = layout.sources.map { source in
            switch source {
            case .here(let number): here[number]
            case .away(let host): messages[host].removeFirst()
            }
        }
        return folded(all, layout.folds)[0]
    }

    private func folded(_ terms: [String], _ folds: [LaneTree.Fold]) -> [String] {
        folds.reduce(into: terms) { terms, fold in
            terms[fold.left] = "(\(terms[fold.left])+\(terms[fold.right]))"
        }
    }

    /// Of the nodes of a rank's host.
    private func terms(
        _ layout: NodeLayout, _ hosts: HostMap, _ tree: LaneTree
    ) throws -> [String] {
        try layout.places.map { place in
            let lanes = try tree.lanes(ofRank: place.rank, worldSize: hosts.worldSize)
            return term(tree.lanes(of: tree.maximalNodes(covering: lanes)[place.index]))
        }
    }
}

/// The sum of `lanes`, one node of a tree, by pairing neighbours level by level.
func term(_ lanes: Range<Int>) -> String {
    var terms = lanes.map(String.init)
    while terms.count > 1 {
        terms = stride(from: 0, to: terms.count, by: 2).map { i in
            i + 1 < terms.count ? "(\(terms[i])+\(terms[i + 1]))" : terms[i]
        }
    }
    return terms[0]
}
