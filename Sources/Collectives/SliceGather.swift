/// Completes a flat list bucket by bucket: each rank's slices go to all others.
///
/// Any number of buckets may be under way; each rank starts them in its own order.
package final class SliceGather {
    private let communicator: any Communicator
    private let values: GradientBuffer
    private var pending: [PendingExchange] = []

    /// - Parameter values: a flat list, which lives until `finish` has returned.
    package init(of values: GradientBuffer, over communicator: any Communicator) {
        self.values = values
        self.communicator = communicator
    }

    deinit {
        for exchange in pending { exchange.abandon() }
    }

    /// Starts to bring the slices of `bucket`, of which this rank's is ready, to all ranks.
    package func start(_ bucket: GradientBucket) throws {
        pending.append(
            try communicator.startAllGather(
                of: bucket.slices.map { slice in
                    let size = MemoryLayout<Float>.stride
                    let range = slice.range.lowerBound * size..<slice.range.upperBound * size
                    return OwnedSlice(owner: slice.owner, range: range)
                },
                in: UnsafeMutableRawBufferPointer(values), on: bucket.gatherChannel))
    }

    /// Returns once all started buckets are complete on this rank.
    package func finish() throws {
        while let exchange = pending.popLast() { try exchange.wait() }
    }
}
