import Collectives
import Testing

@Suite struct GradientBucketsTests {
    static let chunkSize = GradientBuckets.chunkSize

    @Test func bordersLieOnChunkBorders() {
        let buckets = GradientBuckets(
            parameterCount: 5 * Self.chunkSize + 7, worldSize: 2, bucketSize: 3 * Self.chunkSize)
        let (first, second) = (buckets[0], buckets[1])
        #expect(first.slices == [0..<65_536, 65_536..<196_608])
        #expect(second.slices == [196_608..<262_144, 262_144..<327_687])
        #expect(buckets.chunks(ofRank: 0) == [0, 3])
        #expect(buckets.chunks(ofRank: 1) == [1, 2, 4, 5])
        #expect(buckets.chunk(5) == 327_680..<327_687)
    }

    @Test(arguments: [1, 2, 3, 7, 40], [0, 1, 65_536, 65_537, 1_000_001])
    func slicesCoverEveryElementOnce(worldSize: Int, parameterCount: Int) {
        let buckets = GradientBuckets(
            parameterCount: parameterCount, worldSize: worldSize, bucketSize: 4 * Self.chunkSize)
        var end = 0
        for slice in buckets.flatMap(\.slices) {
            #expect(slice.lowerBound == end)
            end = slice.upperBound
        }
        #expect(end == parameterCount)
        let chunks = (0..<worldSize).flatMap(buckets.chunks(ofRank:)).sorted()
        #expect(chunks == Array(0..<buckets.chunkCount))
    }

    @Test(arguments: [
        (1, 1), (1_000_000, 4), (4_194_320, 5), (16_000_000, 16), (124_000_000, 64),
    ])
    func smallModelsHaveSmallBuckets(parameterCount: Int, chunks: Int) {
        let buckets = GradientBuckets(parameterCount: parameterCount, worldSize: 1)
        #expect(buckets[0].range.count == min(parameterCount, chunks * Self.chunkSize))
    }

    @Test func oneRankReducesInPlaceAndKeepsTheBits() throws {
        let communicator = SingleProcess()
        let buckets = GradientBuckets(parameterCount: 100_000, worldSize: 1)
        let reducer = try BucketReducer(
            communicator: communicator, buckets: buckets, tree: LaneTree(laneCount: 3))
        let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: 100_000)
        defer { values.deallocate() }
        for i in values.indices { values.initializeElement(at: i, to: Float(i % 1000)) }
        let before = Array(values)
        try reducer.allReduce([values])
        #expect(Array(values) == before)
    }

    @Test func bucketsThatAreNeverFinishedDoNotTrap() throws {
        let buckets = GradientBuckets(parameterCount: 10, worldSize: 1)
        let reducer = try BucketReducer(
            communicator: SingleProcess(), buckets: buckets, tree: LaneTree(laneCount: 1))
        let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: 10)
        defer { values.deallocate() }
        values.initialize(repeating: 1)
        try reducer.start(buckets[0], nodes: [values])
    }

    @Test func squareSumsAreExactChunkByChunk() throws {
        // Squares of small integers are exact: 16 lanes and a tail must give the plain sum.
        let count = GradientBuckets.chunkSize + 37
        var values = (0..<count).map { Float($0 % 100 - 50) }
        let reducer = try BucketReducer(
            communicator: SingleProcess(),
            buckets: GradientBuckets(parameterCount: count, worldSize: 1),
            tree: LaneTree(laneCount: 1))
        try values.withUnsafeMutableBufferPointer { try reducer.allReduce([$0]) }
        let sums = try reducer.chunkSquareSums()
        let squares = values.map { Double($0) * Double($0) }
        let expected = [squares[..<65_536], squares[65_536...]].map { $0.reduce(0, +) }
        #expect(sums == expected)
        let norm = try reducer.globalNorm()
        #expect(norm == (expected[0] + expected[1]).squareRoot())
    }
}
