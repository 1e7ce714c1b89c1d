/// Nodes and sums travel as messages of floats.
final class MessageTransport: SliceTransport {
    private let communicator: any Communicator
    private let layout: NodeLayout
    private let ownNodes: Range<Int>
    /// Elements of the largest slice of this rank.
    private let sliceCapacity: Int

    private var arrivals: [Int: Arrival] = [:]
    /// Receive buffers that wait for their next bucket.
    private var idleBuffers: [GradientBuffer] = []

    private struct Arrival {
        var received: GradientBuffer
        var nodes: [GradientBuffer]
    }

    init(communicator: any Communicator, layout: NodeLayout, buckets: GradientBuckets) {
        self.communicator = communicator
        self.layout = layout
        ownNodes = layout.positions[communicator.rank]
        sliceCapacity = buckets.slices(ofRank: communicator.rank).map(\.count).max() ?? 0
    }

    /// MPI may yet write into the buffers of what has not arrived: they are not freed.
    deinit {
        for buffer in idleBuffers { buffer.deallocate() }
    }

    func start(_ bucket: GradientBucket, nodes: [GradientBuffer]) throws -> PendingExchange {
        let peers = communicator.peers
        let slice = bucket.slices[communicator.rank]
        let received =
            idleBuffers.popLast()
            ?? .allocate(capacity: (layout.nodeCount - ownNodes.count) * sliceCapacity)
        let all = (0..<layout.nodeCount).map { position in
            ownNodes.contains(position)
                ? GradientBuffer(rebasing: nodes[position - ownNodes.lowerBound][slice])
                : place(of: position, in: received, sliceSize: slice.count)
        }
        arrivals[bucket.index] = Arrival(received: received, nodes: all)

        let sends = peers.flatMap { peer in
            nodes.map { node in
                let part = GradientBuffer(rebasing: node[bucket.slices[peer]])
                return MessageToSend(to: peer, UnsafeRawBufferPointer(part))
            }
        }
        let receives = peers.flatMap { peer in
            layout.positions[peer].map { position in
                MessageToReceive(from: peer, UnsafeMutableRawBufferPointer(all[position]))
            }
        }
        return try communicator.exchange(
            on: bucket.reductionChannel, sends: sends.filter { !$0.bytes.isEmpty },
            receives: receives.filter { !$0.bytes.isEmpty })
    }

    func arrivedNodes(of bucket: GradientBucket) -> [GradientBuffer] {
        arrivals[bucket.index]?.nodes ?? []
    }

    func release(_ bucket: GradientBucket) {
        guard let arrival = arrivals.removeValue(forKey: bucket.index) else { return }
        idleBuffers.append(arrival.received)
    }

    func startGather(_ bucket: GradientBucket, in sum: GradientBuffer) throws -> PendingExchange {
        try communicator.startAllGather(
            of: bucket.byteSlices(of: Float.self), in: UnsafeMutableRawBufferPointer(sum),
            on: bucket.gatherChannel)
    }

    func completeGather(_ bucket: GradientBucket, in sum: GradientBuffer) {}

    /// Where the node at `position`, another rank's, lies among the received ones.
    private func place(
        of position: Int, in received: GradientBuffer, sliceSize: Int
    ) -> GradientBuffer {
        let index = position < ownNodes.lowerBound ? position : position - ownNodes.count
        return GradientBuffer(rebasing: received[index * sliceSize..<(index + 1) * sliceSize])
    }
}

extension Communicator {
    /// The other ranks, the right neighbour first, so that no rank is everyone's first.
    package var peers: [Int] { (1..<worldSize).map { (rank + $0) % worldSize } }
}
