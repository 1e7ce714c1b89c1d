extension Communicator {
    /// The other ranks, the right neighbour first, so that no rank is everyone's first.
    package var peers: [Int] { (1..<worldSize).map { (rank + $0) % worldSize } }

    /// Starts to complete `buffer` on every rank: rank r's bytes lie at `slices[r]` beforehand, and
    /// everywhere once the exchange has been waited for.
    ///
    /// The slices, of any size, are the same list on all ranks and do not overlap.
    package func startAllGather(
        of slices: [Range<Int>], in buffer: UnsafeMutableRawBufferPointer, on channel: Int = 0
    ) throws -> PendingExchange {
        precondition(
            slices.count == worldSize, "expected \(worldSize) slices, got \(slices.count)")
        let own = UnsafeRawBufferPointer(rebasing: buffer[slices[rank]])
        // Each rank begins with its right neighbour, so that no rank is everyone's first.
        let distances = 1..<worldSize
        let sends = distances.map { MessageToSend(to: (rank + $0) % worldSize, own) }
        let receives = distances.map { distance in
            let peer = (rank - distance + worldSize) % worldSize
            return MessageToReceive(
                from: peer, UnsafeMutableRawBufferPointer(rebasing: buffer[slices[peer]]))
        }
        return try exchange(
            on: channel,
            sends: sends.filter { !$0.bytes.isEmpty },
            receives: receives.filter { !$0.bytes.isEmpty })
    }

    /// The bytes of every rank, which may differ in size, in rank order.
    package func allGather(ofAnySize bytes: [UInt8]) throws -> [[UInt8]] {
        let sizes = try allGather([Int64(bytes.count)]).map(Int.init)
        var end = 0
        let slices = sizes.map { size in
            end += size
            return (end - size)..<end
        }
        var all = [UInt8](repeating: 0, count: end)
        all.replaceSubrange(slices[rank], with: bytes)
        try all.withUnsafeMutableBytes { buffer in
            try startAllGather(of: slices, in: buffer).wait()
        }
        return slices.map { Array(all[$0]) }
    }
}
