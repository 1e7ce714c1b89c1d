/// Nothing travels: each rank adds its slice straight out of the nodes of its neighbours, in memory
/// that all ranks share, and a message of one byte tells what is ready.
package final class SharedTransport: SliceTransport {
    private let communicator: any Communicator
    private let memory: SharedMemory
    /// The nodes of all ranks, in the order of the tree.
    private let nodes: [GradientBuffer]
    /// The node of each rank in which it leaves the sum of its slices.
    private let sums: [GradientBuffer]
    /// Where the bytes of all ranks arrive, for each bucket and way.
    private let inbox: UnsafeMutableRawBufferPointer
    private let token: UnsafeMutableRawBufferPointer

    private let forEach: ForEach
    /// Exchanges that have not ended.
    private var openCount = 0

    /// - Parameters:
    ///   - nodes: those of each rank, in `memory`; they live as long as the transport.
    ///   - forEach: copies the sums of other ranks.
    package init(
        communicator: any Communicator, memory: SharedMemory, buckets: GradientBuckets,
        nodes: [[GradientBuffer]], forEach: @escaping ForEach = forEachInOrder
    ) {
        self.communicator = communicator
        self.forEach = forEach
        self.memory = memory
        self.nodes = nodes.flatMap { $0 }
        sums = nodes.map { $0[0] }
        inbox = .allocate(
            byteCount: (2 * buckets.buckets.count + 1) * communicator.worldSize, alignment: 1)
        token = .allocate(byteCount: 1, alignment: 1)
        token[0] = 1
    }

    /// Small and, after an error, perhaps still in the hands of MPI: they are not freed then.
    deinit {
        guard openCount == 0 else { return }
        inbox.deallocate()
        token.deallocate()
    }

    package func start(
        _ bucket: GradientBucket, nodes: [GradientBuffer]
    ) throws -> PendingExchange {
        let isOwner = bucket.slices.map { !$0.isEmpty }
        return try tell(
            on: bucket.reductionChannel, tells: { isOwner[$0] },
            listens: { _ in isOwner[communicator.rank] })
    }

    package func arrivedNodes(of bucket: GradientBucket) throws -> [GradientBuffer] {
        try memory.synchronize()
        let slice = bucket.slices[communicator.rank]
        return nodes.map { GradientBuffer(rebasing: $0[slice]) }
    }

    package func release(_ bucket: GradientBucket) { openCount -= 1 }

    package func startGather(
        _ bucket: GradientBucket, in sum: GradientBuffer
    ) throws -> PendingExchange {
        let isOwner = bucket.slices.map { !$0.isEmpty }
        return try tell(
            on: bucket.gatherChannel, tells: { _ in isOwner[communicator.rank] },
            listens: { isOwner[$0] })
    }

    /// This rank's part of the other slices is free by now: their owners have added them.
    package func completeGather(_ bucket: GradientBucket, in sum: GradientBuffer) throws {
        openCount -= 1
        try memory.synchronize()
        for peer in communicator.peers {
            let slice = bucket.slices[peer]
            let first = slice.lowerBound / GradientBuckets.chunkSize
            forEach(GradientBuckets.chunkCount(of: slice.count)) { index in
                let start = (first + index) * GradientBuckets.chunkSize
                let chunk = start..<min(start + GradientBuckets.chunkSize, slice.upperBound)
                _ = sum[chunk].update(fromContentsOf: sums[peer][chunk])
            }
        }
    }

    /// Tells the ranks for which `tells` that this one is ready, and waits for those that `listens`
    /// names.
    private func tell(
        on channel: Int, tells: (Int) -> Bool, listens: (Int) -> Bool
    ) throws -> PendingExchange {
        try memory.synchronize()
        openCount += 1
        let sends = communicator.peers.filter(tells).map {
            MessageToSend(to: $0, UnsafeRawBufferPointer(token))
        }
        let receives = communicator.peers.filter(listens).map { peer in
            let place = channel * communicator.worldSize + peer
            return MessageToReceive(
                from: peer, UnsafeMutableRawBufferPointer(rebasing: inbox[place..<place + 1]))
        }
        return try communicator.exchange(on: channel, sends: sends, receives: receives)
    }
}
