import CKernels

/// Adds the tree nodes of all ranks, bucket by bucket, with the same bits on any number of ranks.
///
/// `start` brings each slice of this rank's nodes to the slice's owner; `finish` adds, in tree order,
/// what all ranks brought for the own slice and leaves the sum in the first node's buffer;
/// `startGather` and `finishGather` complete a bucket on every rank. Any number of buckets may be
/// under way, in any order.
package final class BucketReducer {
    package let buckets: GradientBuckets
    private let communicator: any Communicator
    private let transport: SliceTransport
    private let forEach: ForEach

    private var reductions: [Int: PendingExchange] = [:]
    private var gathers: [Int: Gather] = [:]
    /// The sum of squares of each chunk; those of this rank's slices are valid.
    private var squareSums: [Double]

    private struct Gather {
        var exchange: PendingExchange
        var sum: GradientBuffer
    }

    /// - Parameters:
    ///   - forEach: runs the additions.
    ///   - transport: nil shares no memory and sends floats.
    /// - Throws: where the world has more ranks than the tree has lanes.
    package init(
        communicator: any Communicator, buckets: GradientBuckets, tree: LaneTree,
        forEach: @escaping ForEach = forEachInOrder, transport: SliceTransport? = nil
    ) throws {
        precondition(
            buckets.worldSize == communicator.worldSize,
            "expected buckets for \(communicator.worldSize) ranks, got \(buckets.worldSize)")
        self.communicator = communicator
        self.buckets = buckets
        self.forEach = forEach
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
    }

    /// Starts to reduce `bucket`; `nodes` are this rank's nodes, each the whole flat list, of which
    /// the bucket's range is complete and stays unchanged until `finish`.
    package func start(_ bucket: GradientBucket, nodes: [GradientBuffer]) throws {
        let nodeCount = transport.layout.ownNodes.count
        precondition(reductions[bucket.index] == nil, "bucket \(bucket.index) is under way")
        precondition(nodes.count == nodeCount, "expected \(nodeCount) nodes, got \(nodes.count)")
        reductions[bucket.index] = try transport.start(bucket, nodes: nodes)
    }

    /// Drives `bucket`, which is under way, on; true once `finish` would not wait.
    package func hasArrived(_ bucket: GradientBucket) throws -> Bool {
        try reductions[bucket.index]?.test() ?? true
    }

    /// Waits for the nodes of `bucket` and leaves the sum of this rank's slice in the buffer of this
    /// rank's first node.
    package func finish(_ bucket: GradientBucket) throws {
        guard let reduction = reductions[bucket.index] else {
            preconditionFailure("bucket \(bucket.index) is not under way")
        }
        // What others wait for goes on its way before this rank waits itself.
        try makeProgress()
        try reduction.wait()
        reductions[bucket.index] = nil
        add(transport.arrivedNodes(of: bucket), of: bucket.slice(of: communicator.rank))
        transport.release(bucket)
    }

    /// Starts to complete `bucket` in `sum`, the buffer of the first node.
    package func startGather(_ bucket: GradientBucket, in sum: GradientBuffer) throws {
        precondition(gathers[bucket.index] == nil, "bucket \(bucket.index) is being gathered")
        let exchange = try transport.startGather(bucket, in: sum)
        gathers[bucket.index] = Gather(exchange: exchange, sum: sum)
    }

    /// Returns once every slice of `bucket` is in the buffer.
    package func finishGather(_ bucket: GradientBucket) throws {
        guard let gather = gathers[bucket.index] else {
            preconditionFailure("bucket \(bucket.index) is not being gathered")
        }
        try makeProgress()
        try gather.exchange.wait()
        gathers[bucket.index] = nil
        transport.completeGather(bucket, in: gather.sum)
    }

    /// Drives the messages of all buckets on; cheap, to be called now and then while computing.
    package func makeProgress() throws {
        for reduction in reductions.values { _ = try reduction.test() }
        for gather in gathers.values { _ = try gather.exchange.test() }
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
        try communicator.gatherChunks(squareSums, in: buckets)
    }

    /// The Euclidean norm of the last sums of all buckets, their chunks added in index order: the
    /// same bits on any number of ranks.
    package func globalNorm() throws -> Double {
        try chunkSquareSums().reduce(0, +).squareRoot()
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
                layout.add(parts)
                let sum = parts[layout.ownNodes.lowerBound].baseAddress
                squareSums[first + index] =
                    sum.map { kernel_sum_of_squares($0, chunk.count) } ?? 0
            }
        }
    }
}

extension Communicator {
    /// Gathers one number for each chunk: each rank gives those of its own slices, all ranks get
    /// all, in the order of the chunks.
    ///
    /// - Parameter values: as many as there are chunks; those of other ranks are not read.
    fileprivate func gatherChunks(
        _ values: [Double], in buckets: GradientBuckets
    ) throws -> [Double] {
        func chunks(of slice: Range<Int>) -> Range<Int> {
            let first = slice.lowerBound / GradientBuckets.chunkSize
            return first..<first + GradientBuckets.chunkCount(of: slice.count)
        }
        let own = buckets.slices(ofRank: rank).flatMap { values[chunks(of: $0)] }
        let gathered = try allGather(ofAnySize: own.withUnsafeBytes(Array.init))

        var all = values
        var offsets = Array(repeating: 0, count: worldSize)
        for slice in buckets.flatMap(\.slices) {
            for index in chunks(of: slice.range) {
                all[index] = gathered[slice.owner].withUnsafeBytes {
                    $0.loadUnaligned(fromByteOffset: offsets[slice.owner], as: Double.self)
                }
                offsets[slice.owner] += MemoryLayout<Double>.stride
            }
        }
        return all
    }
}
