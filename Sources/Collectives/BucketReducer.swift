import CKernels
import Diagnostics

/// Adds the tree nodes of all ranks, bucket by bucket, with the same bits on any number of ranks.
///
/// `start` brings each slice of this rank's nodes to the slice's owner; `finish` adds, in tree order,
/// what all ranks brought for the own slice and leaves the sum in the first node's buffer;
/// `startGather` and `finishGather` complete a bucket on every rank; or `leave` and `awaitLeaving` free the
/// memory of its nodes. Any number of buckets may be under way, in any order.
package final class BucketReducer {
    package let buckets: GradientBuckets
    private let communicator: any Communicator
    private let transport: SliceTransport
    private let forEach: ForEach
    private let ring: RingSums?
    private let trace: TraceTrack?

    private var reductions: [Int: PendingExchange] = [:]
    private var gathers: [Int: Gather] = [:]
    /// The buckets that this rank has left, but others perhaps not.
    private var leaves: [Int: PendingExchange] = [:]
    /// Those of the exchanges in which something is still to be done.
    private var moving: [PendingExchange] = []
    /// The sum of squares of each chunk of this rank's slices; 0 for those of other ranks.
    private var squareSums: [Double]

    /// Where the sums of the part of a list that lies in a ring are kept.
    package struct RingSums {
        let range: Range<Int>
        /// Of which this rank's slices are memory.
        let list: GradientBuffer

        package init(of range: Range<Int>, in list: GradientBuffer) {
            (self.range, self.list) = (range, list)
        }
    }

    private struct Gather {
        var exchange: PendingExchange
        var sum: GradientBuffer
    }

    /// - Parameters:
    ///   - forEach: runs the additions.
    ///   - transport: nil shares no memory and sends floats.
    ///   - ring: nil leaves all sums in the first node.
    ///   - trace: where the way of each bucket leaves a trace.
    /// - Throws: where the world has more ranks than the tree has lanes.
    package init(
        communicator: any Communicator, buckets: GradientBuckets, tree: LaneTree,
        forEach: @escaping ForEach = forEachInOrder, transport: SliceTransport? = nil,
        ring: RingSums? = nil, trace: TraceTrack? = nil
    ) throws {
        precondition(
            buckets.worldSize == communicator.worldSize,
            "expected buckets for \(communicator.worldSize) ranks, got \(buckets.worldSize)")
        self.communicator = communicator
        self.buckets = buckets
        self.forEach = forEach
        self.ring = ring
        self.trace = trace
        self.transport =
            try transport
            ?? SliceTransport(
                communicator: communicator, buckets: buckets, tree: tree, forEach: forEach)
        squareSums = Array(repeating: 0, count: buckets.chunkCount)
    }

    /// Buckets that are still under way, as after an error, are given up.
    deinit {
        for reduction in reductions.values { reduction.abandon() }
        for gather in gathers.values { gather.exchange.abandon() }
        for leave in leaves.values { leave.abandon() }
    }

    /// Starts to reduce `bucket`; `nodes` are this rank's nodes, each the whole flat list, of which
    /// the bucket's range is complete and stays unchanged until `finish`.
    package func start(_ bucket: GradientBucket, nodes: [GradientBuffer]) throws {
        let nodeCount = transport.layout.ownNodes.count
        precondition(reductions[bucket.index] == nil, "bucket \(bucket.index) is under way")
        precondition(nodes.count == nodeCount, "expected \(nodeCount) nodes, got \(nodes.count)")
        try trace.measure(.gradientsLeave, bucket.index) {
            let reduction = try transport.start(bucket, nodes: nodes)
            reductions[bucket.index] = reduction
            moving.append(reduction)
        }
    }

    /// Whether `finish` would not wait for `bucket`, as far as `makeProgress` has seen.
    package func hasArrived(_ bucket: GradientBucket) throws -> Bool {
        try reductions[bucket.index]?.advance() ?? true
    }

    /// Waits for the nodes of `bucket` and leaves the sum of this rank's slice in the buffer of this
    /// rank's first node, or with the sums of the ring.
    package func finish(_ bucket: GradientBucket) throws {
        guard let reduction = reductions[bucket.index] else {
            preconditionFailure("bucket \(bucket.index) is not under way")
        }
        try trace.measure(.gradientsArrive, bucket.index) {
            try trace.measure(.gradientsWait, bucket.index) {
                // What others wait for goes on its way meanwhile.
                try makeProgress()
                try reduction.wait(driving: makeProgress)
            }
            reductions[bucket.index] = nil
            add(transport.arrivedNodes(of: bucket), of: bucket.slice(of: communicator.rank))
            transport.release(bucket)
        }
    }

    /// Notifies the ranks of this host that this one has no more use for the nodes of `bucket`, which it
    /// has finished.
    package func leave(_ bucket: GradientBucket) {
        precondition(leaves[bucket.index] == nil, "bucket \(bucket.index) has been left")
        leaves[bucket.index] = transport.leave(bucket)
    }

    /// Returns once all ranks of this host have left `bucket`: then this rank may write its nodes again.
    package func awaitLeaving(_ bucket: GradientBucket) throws {
        guard let leave = leaves.removeValue(forKey: bucket.index) else {
            preconditionFailure("bucket \(bucket.index) is not being left")
        }
        try trace.measure(.memoryWait, bucket.index) { try leave.wait(driving: makeProgress) }
    }

    /// Whether the last sum of this rank's slice of `bucket` is finite.
    package func isFinite(_ bucket: GradientBucket) -> Bool {
        let slice = bucket.slice(of: communicator.rank)
        let first = slice.lowerBound / GradientBuckets.chunkSize
        let chunks = first..<first + GradientBuckets.chunkCount(of: slice.count)
        return squareSums[chunks].allSatisfy(\.isFinite)
    }

    /// Starts to complete `bucket` in `sum`, the buffer of the first node.
    package func startGather(_ bucket: GradientBucket, in sum: GradientBuffer) throws {
        precondition(gathers[bucket.index] == nil, "bucket \(bucket.index) is being gathered")
        try trace.measure(.sumsLeave, bucket.index) {
            let exchange = try transport.startGather(bucket, in: sum)
            moving.append(exchange)
            gathers[bucket.index] = Gather(exchange: exchange, sum: sum)
        }
    }

    /// Returns once every slice of `bucket` is in the buffer.
    package func finishGather(_ bucket: GradientBucket) throws {
        guard let gather = gathers[bucket.index] else {
            preconditionFailure("bucket \(bucket.index) is not being gathered")
        }
        try trace.measure(.sumsArrive, bucket.index) {
            try trace.measure(.sumsWait, bucket.index) {
                try makeProgress()
                try gather.exchange.wait(driving: makeProgress)
            }
            gathers[bucket.index] = nil
            transport.completeGather(bucket, in: gather.sum)
        }
    }

    /// Drives the messages of all buckets on; cheap, to be called now and then while computing.
    package func makeProgress() throws {
        try communicator.drive()
        try moving.removeAll { try $0.advance() }
    }

    /// Reduces and gathers all buckets; afterwards `nodes[0]` holds the sum on every rank.
    package func allReduce(_ nodes: [GradientBuffer]) throws {
        // Two buckets under way keep both directions busy and the receive buffers few.
        let buckets = buckets
        for bucket in buckets.prefix(2) { try start(bucket, nodes: nodes) }
        for bucket in buckets {
            try finish(bucket)
            try startGather(bucket, in: nodes[0])
            if bucket.index + 2 < buckets.count {
                try start(buckets[bucket.index + 2], nodes: nodes)
            }
        }
        for bucket in buckets { try finishGather(bucket) }
    }

    /// The sum of squares, in double, of each chunk of the last sums of all buckets, on all ranks.
    package func chunkSquareSums() throws -> [Double] {
        // Those of other ranks are 0 here.
        var all = squareSums
        try all.withUnsafeMutableBufferPointer { try communicator.allReduceDisjoint($0) }
        return all
    }

    /// The Euclidean norm of the last sums of all buckets, their chunks added in index order: the
    /// same bits on any number of ranks.
    ///
    /// - Parameter others: numbers of which each is 0 on all ranks but one at most: afterwards all ranks
    ///   have them. They go the same way, at no message's cost.
    package func globalNorm(sharing others: inout [Double]) throws -> Double {
        var all = squareSums + others
        try all.withUnsafeMutableBufferPointer { try communicator.allReduceDisjoint($0) }
        others = Array(all[squareSums.count...])
        return all[..<squareSums.count].reduce(0, +).squareRoot()
    }

    package func globalNorm() throws -> Double {
        var others: [Double] = []
        return try globalNorm(sharing: &others)
    }

    /// Chunk by chunk, so that a chunk is read from memory once.
    private func add(_ nodes: [GradientBuffer], of slice: Range<Int>) {
        guard !slice.isEmpty else { return }
        let first = slice.lowerBound / GradientBuckets.chunkSize
        let layout = transport.layout
        squareSums.withUnsafeMutableBufferPointer { squareSums in
            forEach(GradientBuckets.chunkCount(of: slice.count)) { index in
                let chunk = buckets.chunk(first + index)
                let start = chunk.lowerBound - slice.lowerBound
                let parts = nodes.map {
                    GradientBuffer(rebasing: $0[start..<start + chunk.count])
                }
                let sum = layout.add(parts, into: keptSum(of: chunk)).baseAddress
                squareSums[first + index] =
                    sum.map { kernel_sum_of_squares($0, chunk.count) } ?? 0
            }
        }
    }

    /// Where the sum of `chunk` is kept; nil where it stays in the first node.
    private func keptSum(of chunk: Range<Int>) -> GradientBuffer? {
        guard let ring, ring.range.contains(chunk) else { return nil }
        return GradientBuffer(rebasing: ring.list[chunk])
    }
}
