extension Communicator {
    /// The other ranks, the right neighbour first, so that no rank is everyone's first.
    package var peers: [Int] { (1..<worldSize).map { (rank + $0) % worldSize } }

    /// Starts to complete `buffer` on every rank: the owner's bytes of each slice lie there beforehand,
    /// and everywhere once the exchange has been waited for.
    ///
    /// The slices, of any size, are the same list on all ranks and do not overlap.
    package func startAllGather(
        of slices: [OwnedSlice], in buffer: UnsafeMutableRawBufferPointer, on channel: Int = 0
    ) throws -> PendingExchange {
        let slices = slices.filter { !$0.range.isEmpty }
        let sends = slices.filter { $0.owner == rank }.flatMap { slice in
            peers.map {
                MessageToSend(to: $0, UnsafeRawBufferPointer(rebasing: buffer[slice.range]))
            }
        }
        let receives = slices.filter { $0.owner != rank }.map { slice in
            MessageToReceive(
                from: slice.owner, UnsafeMutableRawBufferPointer(rebasing: buffer[slice.range]))
        }
        return try exchange(on: channel, sends: sends, receives: receives)
    }
}
