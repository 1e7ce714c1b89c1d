import Collectives
import Diagnostics

/// Reduces the gradients of L = 1...8 lanes as a training step does: lane by lane, the last lane
/// bucket by bucket from the end, each bucket started as soon as it is complete.
struct ReductionCheck {
    typealias Buffer = GradientBuffer

    // Five chunks and a part of one, in buckets of two: an odd last bucket, empty slices.
    static let parameterCount = 5 * GradientBuckets.chunkSize + 123
    static let largestLaneCount = 8

    let communicator: any Communicator
    /// The gradient of each lane; all magnitudes, so that the order of addition shows.
    let gradients: [[Float]]

    init(communicator: any Communicator) {
        self.communicator = communicator
        gradients = (0..<Self.largestLaneCount).map { lane in
            var state = UInt32(lane + 1) &* 2_654_435_761
            return (0..<Self.parameterCount).map { _ in
                state = state &* 1_664_525 &+ 1_013_904_223
                // Sign and fraction as they come; exponents from -7 to 8.
                return Float(bitPattern: state & 0x87ff_ffff | 0x3c00_0000)
            }
        }
    }

    /// Hosts that this one plays: one, two of neighbouring ranks and of ranks dealt out, a large and a
    /// small one, and three of which one has a rank from the middle.
    private var hostMaps: [HostMap] {
        let ranks = Array(0..<communicator.worldSize)
        let maps = [
            ranks.map { _ in 0 }, ranks.map { 2 * $0 / ranks.count }, ranks.map { $0 % 2 },
            ranks.map { $0 == ranks.count - 1 ? 1 : 0 },
            ranks.map { $0 == ranks.count / 2 ? 2 : $0 % 2 },
        ].map(HostMap.init(labels:))
        return maps.filter { $0.count < ranks.count }
    }

    /// Prints the hash of the sum and of its norm for each lane count that fits the world.
    func run() throws {
        for laneCount in communicator.worldSize...Self.largestLaneCount {
            let tree = LaneTree(laneCount: laneCount)
            let hash = try reduce(tree, hosts: nil)
            for hosts in hostMaps {
                guard try reduce(tree, hosts: hosts) == hash else {
                    throw Failure("\(hosts.ranks) give another sum of \(laneCount) lanes")
                }
            }
            let hashes = try communicator.allGather([hash])
            guard hashes.allSatisfy({ $0 == hash }) else {
                throw Failure("the ranks have different sums of \(laneCount) lanes")
            }
            if communicator.rank == 0 { print(laneCount, String(hash, radix: 16)) }
        }
    }

    /// Sums that travel as bfloat16: near the exact ones, and equal on all ranks.
    func runCompact() throws {
        for laneCount in communicator.worldSize...Self.largestLaneCount {
            for hosts in [nil] + hostMaps {
                let hash = try reduce(
                    LaneTree(laneCount: laneCount), hosts: hosts, wire: CompactWire(),
                    isRounded: hosts?.count != 1)
                guard try communicator.allGather([hash]).allSatisfy({ $0 == hash }) else {
                    throw Failure("the ranks have different sums of \(laneCount) lanes")
                }
            }
        }
        if communicator.rank == 0 { print("compact") }
    }

    /// - Parameter hosts: nil shares no memory.
    private func reduce(
        _ tree: LaneTree, hosts: HostMap?, wire: any GradientWire = FloatWire(),
        isRounded: Bool = false
    ) throws -> UInt64 {
        let lanes = try tree.lanes(
            ofRank: communicator.rank, worldSize: communicator.worldSize)
        let buckets = GradientBuckets(
            parameterCount: Self.parameterCount,
            hosts: hosts ?? .apart(worldSize: communicator.worldSize),
            bucketSize: 2 * GradientBuckets.chunkSize)
        let place = try GradientPlace(
            Self.parameterCount, tree, hosts: hosts, over: communicator)
        let gradients = place.buffers[communicator.rank]
        let accumulator = LaneAccumulator(tree: tree, lanes: lanes, buffers: gradients)
        let reducer = try BucketReducer(
            communicator: communicator, buckets: buckets, tree: tree,
            transport: place.transport(tree, buckets, over: communicator, wire: wire))

        var hash: UInt64 = 0
        for step in 0..<2 {
            accumulator.reset()
            for lane in lanes.dropLast() {
                write(lane, into: gradients[accumulator.beginLane()])
                accumulator.finishLane()
            }
            write(lanes.upperBound - 1, into: gradients[accumulator.beginLane()])
            try reduceLastLane(accumulator, reducer)
            let sum = UnsafeBufferPointer(accumulator.nodeBuffers[0])
            try requireReference(sum, tree, isRounded: isRounded)
            let norm = try reducer.globalNorm()
            let next = Self.hash(sum, norm)
            guard step == 0 || next == hash else { throw Failure("the second step differs") }
            hash = next
        }
        try place.release()
        return hash
    }

    private func reduceLastLane(_ accumulator: LaneAccumulator, _ reducer: BucketReducer) throws {
        let descending = reducer.buckets.reversed()
        for bucket in descending {
            accumulator.finishLane(in: bucket.range)
            try reducer.start(bucket, nodes: accumulator.nodeBuffers)
            try reducer.makeProgress()
        }
        for bucket in descending {
            try reducer.finish(bucket)
            try reducer.startGather(bucket, in: accumulator.nodeBuffers[0])
        }
        for bucket in descending { try reducer.finishGather(bucket) }
    }

    private func write(_ lane: Int, into buffer: Buffer) {
        _ = buffer.update(fromContentsOf: gradients[lane])
    }

    /// Compares samples with a plain recursion over the tree.
    private func requireReference(
        _ sum: UnsafeBufferPointer<Float>, _ tree: LaneTree, isRounded: Bool
    ) throws {
        func value(_ first: Int, _ size: Int, _ i: Int) -> Float {
            guard size > 1 else { return gradients[first][i] }
            let left = value(first, size / 2, i)
            guard first + size / 2 < tree.laneCount else { return left }
            return left + value(first + size / 2, size / 2, i)
        }
        for i in stride(from: 0, to: Self.parameterCount, by: 997) {
            let reference = value(0, 1 << tree.root.level, i)
            // Rounding to 8 bits errs by 1/512 at most: once for each node, once for the sum.
            let sizes = gradients[..<tree.laneCount].reduce(abs(reference)) { $0 + abs($1[i]) }
            let isNear = abs(sum[i] - reference) <= sizes / 256
            guard isRounded ? isNear : sum[i].bitPattern == reference.bitPattern else {
                throw Failure("element \(i)", expected: "\(reference)", got: "\(sum[i])")
            }
        }
    }

    /// FNV-1a over words.
    static func hash(_ sum: UnsafeBufferPointer<Float>, _ norm: Double) -> UInt64 {
        let prime: UInt64 = 0x100_0000_01b3
        let hash = sum.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1.bitPattern)) &* prime
        }
        return (hash ^ norm.bitPattern) &* prime
    }
}
