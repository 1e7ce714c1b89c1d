import CKernels

/// Nodes and sums travel as bfloat16, rounded to the nearest, ties to even; they are added as floats.
///
/// Half the traffic, but what a rank keeps for itself is not rounded before the sum: the bits depend on
/// the number of ranks.
package final class CompactTransport: SliceTransport {
    private typealias Compact = UnsafeMutableBufferPointer<UInt16>

    private let communicator: any Communicator
    private let layout: NodeLayout
    private let ownNodes: Range<Int>
    private let forEach: ForEach
    /// Elements of the largest bucket, and of the largest slice of this rank.
    private let (bucketCapacity, sliceCapacity): (Int, Int)

    private var reductions: [Int: Reduction] = [:]
    private var gathers: [Int: Compact] = [:]
    private var idleReductions: [Buffers] = []
    private var idleGathers: [Compact] = []

    /// The nodes of this rank and, after them, the slices of the others' that arrive.
    private struct Buffers {
        var sent: Compact
        var received: Compact
        var widened: GradientBuffer
    }

    private struct Reduction {
        var buffers: Buffers
        var nodes: [GradientBuffer]
    }

    package init(
        communicator: any Communicator, buckets: GradientBuckets, tree: LaneTree,
        forEach: @escaping ForEach
    ) throws {
        self.communicator = communicator
        self.forEach = forEach
        layout = try NodeLayout(tree: tree, worldSize: communicator.worldSize)
        ownNodes = layout.positions[communicator.rank]
        bucketCapacity = buckets.buckets.map(\.range.count).max() ?? 0
        sliceCapacity = buckets.slices(ofRank: communicator.rank).map(\.count).max() ?? 0
    }

    /// MPI may yet use the buffers of what is under way: they are not freed.
    deinit {
        for buffers in idleReductions {
            buffers.sent.deallocate()
            buffers.received.deallocate()
            buffers.widened.deallocate()
        }
        for buffer in idleGathers { buffer.deallocate() }
    }

    package func start(
        _ bucket: GradientBucket, nodes: [GradientBuffer]
    ) throws -> PendingExchange {
        let buffers = idleReductions.popLast() ?? makeBuffers()
        reductions[bucket.index] = Reduction(buffers: buffers, nodes: nodes)
        let size = bucket.range.count
        for (index, node) in nodes.enumerated() {
            round(
                GradientBuffer(rebasing: node[bucket.range]),
                to: Compact(rebasing: buffers.sent[index * size..<(index + 1) * size]))
        }
        let sends = communicator.peers.flatMap { peer in
            nodes.indices.map { index in
                let start = index * size + bucket.slices[peer].lowerBound - bucket.range.lowerBound
                let part = buffers.sent[start..<start + bucket.slices[peer].count]
                return MessageToSend(to: peer, UnsafeRawBufferPointer(Compact(rebasing: part)))
            }
        }
        let sliceSize = bucket.slices[communicator.rank].count
        let receives = communicator.peers.flatMap { peer in
            layout.positions[peer].map { position in
                let part = buffers.received[place(of: position, sliceSize)]
                return MessageToReceive(
                    from: peer, UnsafeMutableRawBufferPointer(Compact(rebasing: part)))
            }
        }
        return try communicator.exchange(
            on: bucket.reductionChannel, sends: sends.filter { !$0.bytes.isEmpty },
            receives: receives.filter { !$0.bytes.isEmpty })
    }

    package func arrivedNodes(of bucket: GradientBucket) -> [GradientBuffer] {
        guard let reduction = reductions[bucket.index] else { return [] }
        let slice = bucket.slices[communicator.rank]
        return (0..<layout.nodeCount).map { position in
            guard !ownNodes.contains(position) else {
                let node = reduction.nodes[position - ownNodes.lowerBound]
                return GradientBuffer(rebasing: node[slice])
            }
            let place = place(of: position, slice.count)
            let widened = GradientBuffer(rebasing: reduction.buffers.widened[place])
            widen(Compact(rebasing: reduction.buffers.received[place]), to: widened)
            return widened
        }
    }

    package func release(_ bucket: GradientBucket) {
        guard let reduction = reductions.removeValue(forKey: bucket.index) else { return }
        idleReductions.append(reduction.buffers)
    }

    /// This rank's slice is rounded in place too: all ranks go on with the same gradient.
    package func startGather(
        _ bucket: GradientBucket, in sum: GradientBuffer
    ) throws -> PendingExchange {
        let compact = idleGathers.popLast() ?? .allocate(capacity: bucketCapacity)
        gathers[bucket.index] = compact
        let own = bucket.slices[communicator.rank]
        let place = own.shifted(by: -bucket.range.lowerBound)
        round(GradientBuffer(rebasing: sum[own]), to: Compact(rebasing: compact[place]))
        widen(Compact(rebasing: compact[place]), to: GradientBuffer(rebasing: sum[own]))

        let size = MemoryLayout<UInt16>.stride
        let slices = bucket.slices.map { slice in
            let place = slice.shifted(by: -bucket.range.lowerBound)
            return place.lowerBound * size..<place.upperBound * size
        }
        return try communicator.startAllGather(
            of: slices, in: UnsafeMutableRawBufferPointer(compact), on: bucket.gatherChannel)
    }

    package func completeGather(_ bucket: GradientBucket, in sum: GradientBuffer) {
        guard let compact = gathers.removeValue(forKey: bucket.index) else { return }
        for peer in communicator.peers {
            let place = bucket.slices[peer].shifted(by: -bucket.range.lowerBound)
            widen(
                Compact(rebasing: compact[place]),
                to: GradientBuffer(rebasing: sum[bucket.slices[peer]]))
        }
        idleGathers.append(compact)
    }

    private func makeBuffers() -> Buffers {
        let receivedCount = (layout.nodeCount - ownNodes.count) * sliceCapacity
        return Buffers(
            sent: .allocate(capacity: ownNodes.count * bucketCapacity),
            received: .allocate(capacity: receivedCount),
            widened: .allocate(capacity: receivedCount))
    }

    /// Where the node at `position`, another rank's, lies among the received ones.
    private func place(of position: Int, _ sliceSize: Int) -> Range<Int> {
        let index = position < ownNodes.lowerBound ? position : position - ownNodes.count
        return index * sliceSize..<(index + 1) * sliceSize
    }

    private func round(_ values: GradientBuffer, to compact: Compact) {
        forEachPiece(of: values.count) { start, count in
            guard let from = values.baseAddress, let to = compact.baseAddress else { return }
            swift_llm_round_to_bfloat16(to + start, from + start, count)
        }
    }

    private func widen(_ compact: Compact, to values: GradientBuffer) {
        forEachPiece(of: values.count) { start, count in
            guard let from = compact.baseAddress, let to = values.baseAddress else { return }
            swift_llm_widen_bfloat16(to + start, from + start, count)
        }
    }

    private func forEachPiece(of count: Int, _ body: (_ start: Int, _ count: Int) -> Void) {
        let size = GradientBuckets.chunkSize
        forEach(GradientBuckets.chunkCount(of: count)) { index in
            body(index * size, min(size, count - index * size))
        }
    }
}

extension Range<Int> {
    fileprivate func shifted(by offset: Int) -> Range<Int> {
        lowerBound + offset..<upperBound + offset
    }
}
