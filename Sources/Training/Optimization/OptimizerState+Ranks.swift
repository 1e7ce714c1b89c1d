import Collectives

/// The ways of the state from its owners to rank 0 and back to them.
extension OptimizerState {
    /// The whole state on rank 0, nil on the other ranks; where nothing is sharded, without a copy.
    /// Collective.
    package func gather(over communicator: any Communicator) throws -> OptimizerState? {
        let whole = wholeToFill(rank: communicator.rank)
        try move(whole, isGathering: true, over: communicator)
        return whole
    }

    /// The state that rank 0 fills for `take` to share out; nil on the other ranks.
    package func wholeToFill(rank: Int) -> OptimizerState? {
        guard rank == 0 else { return nil }
        return isSharded ? OptimizerState(suffixes, of: layout, on: device) : self
    }

    /// Gives every rank what it owns of rank 0's `whole`, which `wholeToFill` has made. Collective.
    package func take(_ whole: OptimizerState?, over communicator: any Communicator) throws {
        guard !isSharded else {
            return try move(whole, isGathering: false, over: communicator)
        }
        for list in lists {
            try communicator.broadcast(UnsafeMutableRawBufferPointer(list.buffer), from: 0)
        }
    }

    /// Copies the slices of all ranks to `whole` on rank 0, or back.
    private func move(
        _ whole: OptimizerState?, isGathering: Bool, over communicator: any Communicator
    ) throws {
        guard let buckets else { return }
        let isSending = isGathering == (communicator.rank != 0)
        for bucket in buckets {
            let own = buffers(slices[bucket.index].positions)
            var parts = own.map { (peer: 0, part: $0) }
            if let whole {
                for (own, place) in zip(own, whole.buffers(bucket.slice(of: 0))) {
                    _ = (isGathering ? place : own)
                        .update(fromContentsOf: isGathering ? own : place)
                }
                parts = bucket.slices.filter { $0.owner != 0 }.flatMap { slice in
                    whole.buffers(slice.range).map { (peer: slice.owner, part: $0) }
                }
            }
            parts.removeAll { $0.part.isEmpty }
            try communicator.exchange(
                sends: isSending
                    ? parts.map { MessageToSend(to: $0.peer, UnsafeRawBufferPointer($0.part)) }
                    : [],
                receives: isSending
                    ? []
                    : parts.map {
                        MessageToReceive(from: $0.peer, UnsafeMutableRawBufferPointer($0.part))
                    }
            ).wait()
        }
    }

    /// The buffers of the same positions in every list.
    private func buffers(_ positions: Range<Int>) -> [GradientBuffer] {
        lists.map { GradientBuffer(rebasing: $0.buffer[positions]) }
    }
}
