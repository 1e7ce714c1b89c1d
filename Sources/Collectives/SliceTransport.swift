/// The ways by which each rank's slice of a bucket comes to it from all ranks, and the sum goes
/// back.
///
/// The ranks of a host read each other's nodes in memory that they share. For a slice of another
/// host's rank one of them speaks for all, see `SliceSpeakers`. So a slice crosses the network once
/// for each host and way. Where no memory is shared, each rank is a host of its own.
///
/// All ranks start and finish the same buckets; they finish them in the same order.
package final class SliceTransport {
    /// The nodes that arrive, and how they are added.
    package let layout: NodeLayout
    private let communicator: any Communicator
    private let hosts: HostMap
    private let plan: SlicePlan
    private let signals: HostSignals
    private let gather: HostGather
    private let wire: any GradientWire
    private let forEach: ForEach
    /// The nodes of each rank of this host; empty where no memory is shared.
    private let sharedNodes: [[GradientBuffer]]
    /// The channel on which ranks leave the first bucket; those of the others follow.
    private let firstLeavingChannel: Int
    /// Elements of the largest slice of this rank.
    private let sliceCapacity: Int

    private var arrivals: [Int: Arrival] = [:]
    /// Receive buffers that wait for their next bucket.
    private var idleBuffers: [GradientBuffer] = []

    private struct Arrival {
        var received: GradientBuffer
        /// The nodes of this host, whole.
        var nodes: [GradientBuffer]
        /// This rank's slice of all nodes.
        var slices: [GradientBuffer]
    }

    /// - Parameters:
    ///   - memory: nil where each rank has memory of its own.
    ///   - sharedNodes: those of each rank, in `memory`; empty for ranks of other hosts.
    ///   - forEach: runs additions and copies.
    /// - Throws: where the world has more ranks than the tree has lanes.
    package init(
        communicator: any Communicator, buckets: GradientBuckets, tree: LaneTree,
        memory: SharedMemory? = nil, sharedNodes: [[GradientBuffer]] = [],
        wire: any GradientWire = FloatWire(), forEach: @escaping ForEach = forEachInOrder
    ) throws {
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        let hosts = memory?.hosts ?? .apart(worldSize: worldSize)
        self.communicator = communicator
        self.hosts = hosts
        self.sharedNodes = sharedNodes
        self.wire = wire
        self.forEach = forEach
        layout = try NodeLayout(tree: tree, hosts: hosts, rank: rank)
        plan = SlicePlan(buckets, hosts: hosts, rank: rank)
        signals = HostSignals(memory: memory, channelCount: 3 * buckets.count + 1)
        firstLeavingChannel = 2 * buckets.count + 1
        gather = HostGather(plan, signals, hosts: hosts, wire: wire, over: communicator)
        sliceCapacity = buckets.slices(ofRank: rank).map(\.count).max() ?? 0
    }

    /// MPI may yet write into the buffers of what has not arrived: they are not freed.
    deinit {
        for buffer in idleBuffers { buffer.deallocate() }
    }

    /// Starts to bring this rank's slice of all nodes here; `nodes` are this rank's nodes, each the
    /// whole flat list, of which the bucket's range stays unchanged until `release`.
    func start(_ bucket: GradientBucket, nodes: [GradientBuffer]) throws -> PendingExchange {
        let arrival = arrival(of: bucket, nodes)
        arrivals[bucket.index] = arrival
        let told = signals.tell(
            isSpeaking: true,
            isListening: plan.busyRanks(in: bucket).contains(communicator.rank),
            to: hosts.neighbours(of: communicator.rank).count, on: bucket.reductionChannel)
        return try told.then { [self] in try exchangeSums(of: bucket, arrival) }
    }

    /// This rank's slice of every node of the layout; the slices may be overwritten. Called once
    /// the exchange has ended.
    func arrivedNodes(of bucket: GradientBucket) -> [GradientBuffer] {
        arrivals[bucket.index]?.slices ?? []
    }

    /// Ends the use of a bucket whose nodes have been added; the sum lies in the buffer of this
    /// rank's first node.
    func release(_ bucket: GradientBucket) {
        guard let arrival = arrivals.removeValue(forKey: bucket.index) else { return }
        if !arrival.received.isEmpty { idleBuffers.append(arrival.received) }
    }

    /// Notifies the ranks of this host that this one reads and sends nothing of `bucket` any more, which
    /// it has released; what is returned ends when none of them does.
    func leave(_ bucket: GradientBucket) -> PendingExchange {
        let busy = plan.busyRanks(in: bucket)
        return signals.tell(
            isSpeaking: busy.contains(communicator.rank), isListening: true, to: busy.count,
            on: firstLeavingChannel + bucket.index)
    }

    /// Starts to complete `bucket` in `sum`, the buffer of this rank's first node.
    func startGather(_ bucket: GradientBucket, in sum: GradientBuffer) throws -> PendingExchange {
        try gather.start(bucket, in: sum)
    }

    /// Called once the exchange of `startGather` has ended; then all slices lie in `sum`.
    ///
    /// This rank's part of the slices is free by now: those who spoke for the host have read it.
    func completeGather(_ bucket: GradientBucket, in sum: GradientBuffer) {
        for leg in plan.taken(of: bucket) {
            copy(leg.range, of: sharedNodes[leg.peer][0], to: sum)
        }
    }
}

// How it is done.
extension SliceTransport {
    private func arrival(of bucket: GradientBucket, _ ownNodes: [GradientBuffer]) -> Arrival {
        let (rank, slice) = (communicator.rank, bucket.slice(of: communicator.rank))
        let received = takeBuffer(slice.isEmpty ? 0 : layout.awayCount * sliceCapacity)
        let nodes = layout.places.map { place in
            place.rank == rank ? ownNodes[place.index] : sharedNodes[place.rank][place.index]
        }
        var end = 0
        let slices = layout.sources.map { source in
            switch source {
            case .here(let number): return GradientBuffer(rebasing: nodes[number][slice])
            case .away:
                end += slice.count
                return GradientBuffer(rebasing: received[end - slice.count..<end])
            }
        }
        return Arrival(received: received, nodes: nodes, slices: slices)
    }

    /// All that are not empty are equally large.
    private func takeBuffer(_ capacity: Int) -> GradientBuffer {
        guard capacity > 0 else { return GradientBuffer(start: nil, count: 0) }
        return idleBuffers.popLast() ?? .allocate(capacity: capacity)
    }

    /// The nodes of this host are complete: what they come to goes to the owners on other hosts, and
    /// what others come to arrives here.
    private func exchangeSums(
        of bucket: GradientBucket, _ arrival: Arrival
    ) throws -> PendingExchange {
        let sends = plan.duties(of: communicator.rank, in: bucket).flatMap { leg in
            addPartially(arrival.nodes, in: leg.range)
            return layout.partialSum.positions.map { position in
                GradientMessage(leg, in: arrival.nodes[position])
            }
        }
        return try wire.exchange(
            on: bucket.reductionChannel, sends: sends, receives: receives(of: bucket, arrival),
            over: communicator)
    }

    /// The messages of a speaker come part by part, and of each part node by node.
    private func receives(of bucket: GradientBucket, _ arrival: Arrival) -> [GradientMessage] {
        let start = bucket.slice(of: communicator.rank).lowerBound
        return plan.speakers(in: bucket).flatMap { host, leg in
            let range = leg.range.lowerBound - start..<leg.range.upperBound - start
            return layout.awayPositions[host].map { position in
                GradientMessage(
                    peer: leg.peer,
                    values: GradientBuffer(rebasing: arrival.slices[position][range]))
            }
        }
    }

    private func addPartially(_ nodes: [GradientBuffer], in slice: Range<Int>) {
        guard !layout.partialSum.folds.isEmpty else { return }
        forEachChunk(of: slice) { chunk in
            layout.addPartially(nodes.map { GradientBuffer(rebasing: $0[chunk]) })
        }
    }

    private func copy(_ slice: Range<Int>, of other: GradientBuffer, to sum: GradientBuffer) {
        forEachChunk(of: slice) { chunk in
            _ = sum[chunk].update(fromContentsOf: other[chunk])
        }
    }

    private func forEachChunk(of slice: Range<Int>, _ body: (Range<Int>) -> Void) {
        let size = GradientBuckets.chunkSize
        forEach(GradientBuckets.chunkCount(of: slice.count)) { index in
            let start = slice.lowerBound + index * size
            body(start..<min(start + size, slice.upperBound))
        }
    }
}
