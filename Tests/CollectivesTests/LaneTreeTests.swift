import Collectives
import Diagnostics
import Testing

@Suite struct LaneTreeTests {
    typealias Node = LaneTree.Node

    static let laneCounts = 1...17

    @Test func nodesOfFiveLanesAreThoseDrawnByHand() throws {
        //  level 3:        0..<5
        //  level 2:   0..<4      4..<5
        //  level 1: 0..<2 2..<4  4..<5
        let tree = LaneTree(laneCount: 5)
        #expect(tree.root == Node(level: 3, index: 0))
        #expect(tree.lanes(of: Node(level: 1, index: 2)) == 4..<5)
        #expect(tree.maximalNodes(covering: 0..<5) == [tree.root])
        #expect(
            tree.maximalNodes(covering: 1..<5)
                == [
                    Node(level: 0, index: 1), Node(level: 1, index: 1), Node(level: 2, index: 1),
                ])
        #expect(
            tree.maximalNodes(covering: 1..<3)
                == [Node(level: 0, index: 1), Node(level: 0, index: 2)])
    }

    @Test func ranksShareEightLanesAsEvenlyAsTheyCan() throws {
        let tree = LaneTree(laneCount: 8)
        let ranges = try (0..<3).map { try tree.lanes(ofRank: $0, worldSize: 3) }
        #expect(ranges == [0..<2, 2..<5, 5..<8])
    }

    @Test(arguments: laneCounts) func nodesOfTheRanksCoverEveryLaneOnce(laneCount: Int) throws {
        let tree = LaneTree(laneCount: laneCount)
        for worldSize in 1...laneCount {
            let nodes = try (0..<worldSize).flatMap { rank in
                tree.maximalNodes(covering: try tree.lanes(ofRank: rank, worldSize: worldSize))
            }
            #expect(nodes.flatMap { Array(tree.lanes(of: $0)) } == Array(0..<laneCount))
        }
    }

    @Test(arguments: laneCounts) func foldsOfEverySplitDescribeTheSameSum(laneCount: Int) throws {
        let tree = LaneTree(laneCount: laneCount)
        for worldSize in 1...laneCount {
            let nodes = try (0..<worldSize).flatMap { rank in
                tree.maximalNodes(covering: try tree.lanes(ofRank: rank, worldSize: worldSize))
            }
            var terms = nodes.map { term(tree.lanes(of: $0)) }
            for fold in tree.folds(of: nodes) {
                terms[fold.left] = "(\(terms[fold.left])+\(terms[fold.right]))"
            }
            #expect(terms[0] == term(0..<laneCount))
        }
    }

    @Test func partialSumsGoAsFarAsTheNodesReach() {
        let tree = LaneTree(laneCount: 5)
        let lanes = [1, 2, 3, 4].map { Node(level: 0, index: $0) }
        let sum = tree.partialSum(of: lanes)
        #expect(sum.folds.map { [$0.left, $0.right] } == [[1, 2]])
        #expect(sum.nodes == [lanes[0], Node(level: 1, index: 1), Node(level: 2, index: 1)])
        #expect(sum.positions == [0, 1, 3])
        #expect(tree.partialSum(of: []).nodes.isEmpty)
    }

    /// The pair on the left is complete, but the one on the right is not: its lane stands behind.
    @Test func whatRemainsStandsFromLeftToRight() {
        let nodes = [Node(level: 1, index: 0), Node(level: 0, index: 3)]
        let sum = LaneTree(laneCount: 4).partialSum(of: nodes)
        #expect(sum.nodes == nodes && sum.positions == [0, 1] && sum.folds.isEmpty)
    }

    @Test func moreRanksThanLanesAreRefusedWithFittingValues() throws {
        let error = #expect(throws: Failure.self) {
            try LaneTree(laneCount: 4).lanes(ofRank: 0, worldSize: 6)
        }
        #expect(error?.exitCode == 64)
        #expect(
            error?.remedy == "start on 4 ranks, or set train.lanes=6, with which the bits change")
    }
}
