import Collectives

/// The way of the state from its owners to rank 0.
extension OptimizerState {
    /// The whole state on rank 0, nil on the other ranks; where nothing is sharded, without a copy.
    /// Collective.
    package func gather(over communicator: any Communicator) throws -> OptimizerState? {
        let isFirst = communicator.rank == 0
        guard let buckets else { return isFirst ? self : nil }
        let whole = isFirst ? OptimizerState(kinds, of: layout, on: device) : nil
        for bucket in buckets {
            let own = stored(of: slices[bucket.index])
            var receives: [MessageToReceive] = []
            if let whole {
                for (own, place) in zip(own, whole.stored(of: bucket.slice(of: 0))) {
                    _ = place.update(fromContentsOf: own)
                }
                receives = bucket.slices.filter { $0.owner != 0 }.flatMap { slice in
                    whole.stored(of: slice.range).filter { !$0.isEmpty }.map {
                        MessageToReceive(from: slice.owner, UnsafeMutableRawBufferPointer($0))
                    }
                }
            }
            let sends = isFirst ? [] : own.filter { !$0.isEmpty }
            try communicator.exchange(
                sends: sends.map { MessageToSend(to: 0, UnsafeRawBufferPointer($0)) },
                receives: receives
            ).wait()
        }
        return whole
    }
}
