import Collectives
import Testing

@Suite struct GradientBucketsTests {
    static let chunkSize = GradientBuckets.chunkSize

    @Test func bordersLieOnChunkBorders() {
        let buckets = GradientBuckets(
            parameterCount: 7 * Self.chunkSize + 7, hosts: HostMap(labels: [0, 0]),
            bucketSize: 5 * Self.chunkSize)
        // Two chunks each; then, since the last ones do not come out even, the first has one more.
        #expect(buckets.map(\.range) == [0..<262_144, 262_144..<458_759])
        #expect(buckets[0].slices.map(\.range) == [0..<131_072, 131_072..<262_144])
        #expect(buckets[1].slices.map(\.range) == [262_144..<393_216, 393_216..<458_759])
        #expect(buckets.flatMap(\.slices).map(\.owner) == [0, 1, 0, 1])
        #expect(buckets.chunk(7) == 458_752..<458_759)
    }

    @Test func aBucketHasASliceOfEachHostAndTheNextOneThoseOfItsOtherRanks() {
        let buckets = GradientBuckets(
            parameterCount: 10 * Self.chunkSize, hosts: HostMap(labels: [0, 0, 1, 1]),
            bucketSize: 4 * Self.chunkSize)
        #expect(buckets.map { $0.slices.map(\.owner) } == [[0, 2], [1, 3], [0, 2]])
        #expect(buckets[1].slice(of: 3) == 6 * Self.chunkSize..<8 * Self.chunkSize)
        #expect(buckets[1].slice(of: 0).isEmpty)
        #expect(buckets[2].range.count == 2 * Self.chunkSize)
    }

    @Test(arguments: [1, 2, 3, 7, 40, 100], [0, 1, 65_536, 65_537, 1_000_001, 20_000_000])
    func slicesCoverEveryElementOnce(worldSize: Int, parameterCount: Int) {
        for ranksPerHost in [1, 3, worldSize] {
            let hosts = HostMap(labels: (0..<worldSize).map { $0 / ranksPerHost })
            let buckets = GradientBuckets(
                parameterCount: parameterCount, hosts: hosts, bucketSize: 4 * Self.chunkSize)
            var end = 0
            for bucket in buckets {
                #expect(bucket.range.count <= 4 * Self.chunkSize)
                #expect(Set(bucket.slices.map(\.owner)).count == bucket.slices.count)
                for slice in bucket.slices {
                    #expect(slice.range.lowerBound == end && !slice.range.isEmpty)
                    end = slice.range.upperBound
                }
                #expect(bucket.range.upperBound == end)
            }
            #expect(end == parameterCount)
        }
    }

    @Test(arguments: [
        (1, 1), (1_000_000, 4), (4_194_320, 5), (16_000_000, 16), (124_000_000, 64),
    ])
    func smallModelsHaveSmallBuckets(parameterCount: Int, chunks: Int) {
        let buckets = GradientBuckets(parameterCount: parameterCount, hosts: .apart(worldSize: 1))
        #expect(buckets[0].range.count == min(parameterCount, chunks * Self.chunkSize))
    }

    @Test func oneRankReducesInPlaceAndKeepsTheBits() throws {
        let communicator = SingleProcess()
        let buckets = GradientBuckets(parameterCount: 100_000, hosts: .apart(worldSize: 1))
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
        let buckets = GradientBuckets(parameterCount: 10, hosts: .apart(worldSize: 1))
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
            buckets: GradientBuckets(parameterCount: count, hosts: .apart(worldSize: 1)),
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
