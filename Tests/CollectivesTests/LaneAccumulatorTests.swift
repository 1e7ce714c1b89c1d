import Collectives
import Testing

@Suite struct LaneAccumulatorTests {
    /// Values whose sum shows the order of addition.
    static func gradient(of lane: Int) -> [Float] {
        (0..<40).map { i in
            let bits = UInt32(lane * 40 + i + 1) &* 2_654_435_761
            return Float(bitPattern: bits & 0x87ff_ffff | 0x3c00_0000)
        }
    }

    /// Pairs neighbours level by level, as the tree is defined.
    static func reference(_ lanes: Range<Int>) -> [Float] {
        var sums = lanes.map(gradient)
        while sums.count > 1 {
            sums = stride(from: 0, to: sums.count, by: 2).map { i in
                i + 1 < sums.count ? zip(sums[i], sums[i + 1]).map(+) : sums[i]
            }
        }
        return sums[0]
    }

    @Test(arguments: 1...17) func nodesHaveTheBitsOfTheSerialTree(laneCount: Int) throws {
        let tree = LaneTree(laneCount: laneCount)
        for worldSize in 1...laneCount {
            for rank in 0..<worldSize {
                let lanes = try tree.lanes(ofRank: rank, worldSize: worldSize)
                let buffers = Self.buffers(for: lanes, in: tree)
                defer { for buffer in buffers { buffer.deallocate() } }
                let accumulator = LaneAccumulator(tree: tree, lanes: lanes, buffers: buffers)
                for _ in 0..<2 {
                    accumulator.reset()
                    add(lanes, to: accumulator, buffers)
                    let sums = accumulator.nodeBuffers.map(Array.init)
                    #expect(sums == accumulator.nodes.map { Self.reference(tree.lanes(of: $0)) })
                }
            }
        }
    }

    @Test(arguments: 1...17) func fewBuffersLive(laneCount: Int) throws {
        let tree = LaneTree(laneCount: laneCount)
        for worldSize in 1...laneCount {
            for rank in 0..<worldSize {
                let lanes = try tree.lanes(ofRank: rank, worldSize: worldSize)
                let count = LaneAccumulator.bufferCount(for: lanes, in: tree)
                #expect(count <= 1 + Self.ceilingOfLog2(lanes.count), "\(lanes) of \(laneCount)")
            }
        }
    }

    @Test func sharesThatLieAskewInTheTreeNeedMoreBuffers() throws {
        let tree = LaneTree(laneCount: 20)
        let lanes = try tree.lanes(ofRank: 2, worldSize: 3)
        #expect(lanes == 13..<20)
        // 13, 14-15, 16-17 and 18 wait while lane 19 is computed.
        #expect(LaneAccumulator.bufferCount(for: lanes, in: tree) == 5)
    }

    @Test func rangesMayBeFinishedInAnyOrder() {
        let tree = LaneTree(laneCount: 3)
        let buffers = Self.buffers(for: 0..<3, in: tree)
        defer { for buffer in buffers { buffer.deallocate() } }
        let accumulator = LaneAccumulator(tree: tree, lanes: 0..<3, buffers: buffers)
        for lane in 0..<3 {
            let buffer = buffers[accumulator.beginLane()]
            _ = buffer.update(fromContentsOf: Self.gradient(of: lane))
            for range in [30..<40, 0..<7, 7..<30] { accumulator.finishLane(in: range) }
        }
        #expect(accumulator.nodeBuffers.map(Array.init) == [Self.reference(0..<3)])
    }

    private static func buffers(
        for lanes: Range<Int>, in tree: LaneTree
    ) -> [LaneAccumulator.Buffer] {
        (0..<LaneAccumulator.bufferCount(for: lanes, in: tree)).map { _ in
            .allocate(capacity: 40)
        }
    }

    private func add(
        _ lanes: Range<Int>, to accumulator: LaneAccumulator, _ buffers: [LaneAccumulator.Buffer]
    ) {
        for lane in lanes {
            let buffer = buffers[accumulator.beginLane()]
            _ = buffer.update(fromContentsOf: Self.gradient(of: lane))
            accumulator.finishLane()
        }
    }

    private static func ceilingOfLog2(_ count: Int) -> Int {
        (0...).first { 1 << $0 >= count } ?? 0
    }
}
