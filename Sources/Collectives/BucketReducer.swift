import CKernels

/// Adds the tree nodes of all ranks, bucket by bucket, with the same bits on any number of ranks.
///
/// `start` sends each slice of this rank's nodes to the slice's owner; `finish` adds, in tree order,
/// what all ranks sent for the own slice and leaves the sum in the first node's buffer;
/// `startGather` and `finishGather` complete a bucket on every rank. Any number of buckets may be
/// under way. All ranks start and gather the same buckets in the same order.
package final class BucketReducer {
    package typealias Buffer = UnsafeMutableBufferPointer<Float>

    package let buckets: GradientBuckets
    private let communicator: any Communicator
    /// The nodes of each rank, as positions in the list of all nodes.
    private let positions: [Range<Int>]
    private let folds: [LaneTree.Fold]

    private var reductions: [Int: Reduction] = [:]
    private var gathers: [Int: PendingExchange] = [:]
    /// Receive buffers that wait for their next bucket.
    private var idleBuffers: [Buffer] = []

    private struct Reduction {
        var exchange: PendingExchange
        var nodes: [Buffer]
        var received: Buffer
    }

    /// Throws where the world has more ranks than the tree has lanes.
    package init(
        communicator: any Communicator, buckets: GradientBuckets, tree: LaneTree
    ) throws {
        precondition(
            buckets.worldSize == communicator.worldSize,
            "expected buckets for \(communicator.worldSize) ranks, got \(buckets.worldSize)")
        self.communicator = communicator
        self.buckets = buckets

        let nodes = try (0..<communicator.worldSize).map { rank in
            tree.maximalNodes(
                covering: try tree.lanes(ofRank: rank, worldSize: communicator.worldSize))
        }
        var end = 0
        positions = nodes.map { nodes in
            end += nodes.count
            return end - nodes.count..<end
        }
        folds = tree.folds(of: nodes.flatMap { $0 })
    }

    /// Buckets that are still under way, as after an error, are given up: MPI may yet write into
    /// their memory, so that is not freed.
    deinit {
        for reduction in reductions.values { reduction.exchange.abandon() }
        for gather in gathers.values { gather.abandon() }
        for buffer in idleBuffers { buffer.deallocate() }
    }

    /// Starts to reduce `bucket`; `nodes` are this rank's nodes, each the whole flat list, of which
    /// the bucket's range is complete and stays unchanged until `finish`.
    package func start(_ bucket: GradientBucket, nodes: [Buffer]) throws {
        let rank = communicator.rank
        precondition(reductions[bucket.index] == nil, "bucket \(bucket.index) is under way")
        precondition(
            nodes.count == positions[rank].count,
            "expected \(positions[rank].count) nodes, got \(nodes.count)")

        let peers = (1..<communicator.worldSize).map { (rank + $0) % communicator.worldSize }
        let sends = peers.flatMap { peer in
            nodes.map { node in
                MessageToSend(
                    to: peer, UnsafeRawBufferPointer(Buffer(rebasing: node[bucket.slices[peer]])))
            }
        }
        let received = receiveBuffer()
        let sliceSize = bucket.slices[rank].count
        let receives = peers.flatMap { peer in
            positions[peer].map { position in
                MessageToReceive(
                    from: peer,
                    UnsafeMutableRawBufferPointer(
                        place(of: position, in: received, sliceSize: sliceSize)))
            }
        }
        let exchange = try communicator.exchange(
            sends: sends.filter { !$0.bytes.isEmpty },
            receives: receives.filter { !$0.bytes.isEmpty })
        reductions[bucket.index] = Reduction(exchange: exchange, nodes: nodes, received: received)
    }

    /// Waits for the nodes of `bucket` and leaves the sum of this rank's slice in the buffer of this
    /// rank's first node.
    package func finish(_ bucket: GradientBucket) throws {
        guard let reduction = reductions[bucket.index] else {
            preconditionFailure("bucket \(bucket.index) is not under way")
        }
        try reduction.exchange.wait()
        reductions[bucket.index] = nil
        add(reduction, slice: bucket.slices[communicator.rank])
        idleBuffers.append(reduction.received)
    }

    /// Starts to complete `bucket` in `buffer`, a flat list whose slice of this rank is ready.
    package func startGather(_ bucket: GradientBucket, in buffer: Buffer) throws {
        precondition(gathers[bucket.index] == nil, "bucket \(bucket.index) is being gathered")
        let size = MemoryLayout<Float>.stride
        let slices = bucket.slices.map { $0.lowerBound * size..<$0.upperBound * size }
        gathers[bucket.index] = try communicator.startAllGather(
            of: slices, in: UnsafeMutableRawBufferPointer(buffer))
    }

    /// Returns once every slice of `bucket` is in the buffer.
    package func finishGather(_ bucket: GradientBucket) throws {
        guard let gather = gathers[bucket.index] else {
            preconditionFailure("bucket \(bucket.index) is not being gathered")
        }
        try gather.wait()
        gathers[bucket.index] = nil
    }

    /// Drives the messages of all buckets on; cheap, to be called now and then while computing.
    package func makeProgress() throws {
        for reduction in reductions.values { _ = try reduction.exchange.test() }
        for gather in gathers.values { _ = try gather.test() }
    }

    /// Reduces and gathers all buckets; afterwards `nodes[0]` holds the sum on every rank.
    package func allReduce(_ nodes: [Buffer]) throws {
        // Two buckets under way keep both directions busy and the receive buffers few.
        let buckets = buckets.buckets
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

    private func add(_ reduction: Reduction, slice: Range<Int>) {
        guard !slice.isEmpty else { return }
        let own = positions[communicator.rank]
        let nodes = (0..<positions[positions.count - 1].upperBound).map { position in
            own.contains(position)
                ? Buffer(rebasing: reduction.nodes[position - own.lowerBound][slice])
                : place(of: position, in: reduction.received, sliceSize: slice.count)
        }
        for fold in folds.dropLast() { Self.accumulate(nodes[fold.left], nodes[fold.right]) }
        guard let last = folds.last else { return }
        Self.add(nodes[last.left], nodes[last.right], into: nodes[own.lowerBound])
    }

    /// Where the node at `position`, another rank's, lies among the received ones.
    private func place(of position: Int, in received: Buffer, sliceSize: Int) -> Buffer {
        let own = positions[communicator.rank]
        let index = position < own.lowerBound ? position : position - own.count
        return Buffer(rebasing: received[index * sliceSize..<(index + 1) * sliceSize])
    }

    private func receiveBuffer() -> Buffer {
        if let buffer = idleBuffers.popLast() { return buffer }
        let rank = communicator.rank
        let sliceSize = buckets.buckets.map(\.slices[rank].count).max() ?? 0
        let nodeCount = positions[positions.count - 1].upperBound - positions[rank].count
        return Buffer.allocate(capacity: nodeCount * sliceSize)
    }

    private static func accumulate(_ left: Buffer, _ right: Buffer) {
        guard let a = left.baseAddress, let b = right.baseAddress else { return }
        swift_llm_accumulate(a, b, left.count)
    }

    /// `out` may be either of the other two: a sum of two does not depend on their order.
    private static func add(_ left: Buffer, _ right: Buffer, into out: Buffer) {
        guard let a = left.baseAddress, let b = right.baseAddress, let sum = out.baseAddress
        else { return }
        switch sum {
        case a: swift_llm_accumulate(a, b, out.count)
        case b: swift_llm_accumulate(b, a, out.count)
        default: swift_llm_add(sum, a, b, out.count)
        }
    }
}
