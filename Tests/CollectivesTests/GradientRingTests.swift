import Collectives
import Testing

/// The memory of a block comes free before the block begins.
@Suite struct GradientRingTests {
    private static let chunk = GradientBuckets.chunkSize

    /// `count` blocks of equal size between what lies before and behind them.
    private func blocks(_ count: Int, of size: Int, from start: Int) -> [Range<Int>] {
        (0..<count).map { start + $0 * size..<start + ($0 + 1) * size }
    }

    @Test(
        arguments: [
            (40, 7 * 65_536 + 16, 1), (40, 70_000, 3), (96, 1_000_000, 1), (200, 99_984, 5),
        ],
        [0, 1, 4])
    func aBlockTakesThePlaceOfBucketsBehindItAlone(
        _ model: (count: Int, size: Int, hosts: Int), slack: Int
    ) throws {
        let start = 123_456
        let blocks = blocks(model.count, of: model.size, from: start)
        let end = start + model.count * model.size
        let hosts = HostMap(labels: (0..<2 * model.hosts).map { $0 / 2 })
        let buckets = GradientBuckets(parameterCount: end + 5_000, hosts: hosts)
        let found = GradientRing(blocks: blocks, of: buckets, slack: slack, keepsSums: true)
        let ring = try #require(found)
        #expect(ring.range.lowerBound == 2 * Self.chunk && ring.range.upperBound <= end)
        #expect(end - ring.range.upperBound < Self.chunk)
        #expect(ring.size % Self.chunk == 0 && ring.size < ring.range.count)
        for block in blocks {
            let own = try #require(buckets.last { $0.range.lowerBound < block.upperBound })
            let old = ring.predecessors(of: block)
            let taken = buckets.filter { $0.range.overlaps(old) }
            #expect(taken.allSatisfy { $0.index > own.index + slack })
        }
        // No chunk more than some block needs.
        let lengths = blocks.map { block -> Int in
            let own = buckets.last { $0.range.lowerBound < block.upperBound }?.index ?? 0
            return buckets[min(own + slack, buckets.count - 1)].range.upperBound - block.lowerBound
        }
        #expect(ring.size - (lengths.max() ?? 0) < Self.chunk)
    }

    @Test func predecessorsLieOneTurnBehind() throws {
        let buckets = GradientBuckets(parameterCount: 100 * Self.chunk, hosts: HostMap(labels: [0]))
        let blocks = blocks(48, of: 2 * Self.chunk, from: Self.chunk)
        let ring = try #require(
            GradientRing(blocks: blocks, of: buckets, slack: 0, keepsSums: true))
        let (first, size) = (Self.chunk, ring.size)
        #expect(ring.predecessors(of: 0..<first).isEmpty)
        #expect(ring.predecessors(of: 0..<first + 5) == first + size..<first + size + 5)
        let end = ring.range.upperBound
        #expect(ring.predecessors(of: end - size - 7..<end - size + 7) == end - 7..<end)
        #expect(ring.predecessors(of: end - size..<end).isEmpty)
    }

    @Test func whatSavesNothingOrIsInNoOrderHasNoRing() {
        let buckets = GradientBuckets(parameterCount: 100 * Self.chunk, hosts: HostMap(labels: [0]))
        func ring(_ blocks: [Range<Int>]) -> GradientRing? {
            GradientRing(blocks: blocks, of: buckets, slack: 1, keepsSums: true)
        }
        #expect(ring([]) == nil)
        #expect(ring(blocks(1, of: 40 * Self.chunk, from: 0)) == nil, "a single block")
        let good = blocks(48, of: 2 * Self.chunk, from: 0)
        #expect(ring(good) != nil)
        #expect(ring(good.reversed()) == nil)
        #expect(ring(good.filter { $0.lowerBound != 10 * Self.chunk }) == nil, "a gap")
    }
}
