import Diagnostics

/// Completes one flat list bucket by bucket on all hosts: each rank's slices go to all others.
///
/// The list is one for all ranks of a host, or each rank has its own and is a host of its own. Any
/// number of buckets may be under way; all ranks start them in the same order.
package final class SliceGather {
    private let buckets: GradientBuckets
    private let gather: HostGather
    private let values: GradientBuffer
    private let received: (Range<Int>) -> Void
    private var pending: [Int: PendingExchange] = [:]
    /// Those of the exchanges in which something is still to be done.
    private var moving: [PendingExchange] = []
    private let communicator: any Communicator
    private let trace: TraceTrack?
    /// The error that a use of the list, which does not throw, could not report.
    private var error: (any Error)?

    /// - Parameters:
    ///   - values: a flat list, which lives as long as this.
    ///   - memory: where the ranks of a host share the list; nil where each rank has its own.
    ///   - received: called for each part that this rank has received, before others of its host hear
    ///     of it.
    ///   - trace: where the way of each bucket leaves a trace.
    package init(
        of values: GradientBuffer, _ buckets: GradientBuckets, memory: SharedMemory?,
        over communicator: any Communicator, trace: TraceTrack? = nil,
        received: @escaping (Range<Int>) -> Void = { _ in }
    ) {
        let hosts = memory?.hosts ?? .apart(worldSize: communicator.worldSize)
        self.buckets = buckets
        self.values = values
        self.communicator = communicator
        self.received = received
        self.trace = trace
        gather = HostGather(
            SlicePlan(buckets, hosts: hosts, rank: communicator.rank),
            HostSignals(memory: memory, channelCount: 2 * buckets.count + 1), hosts: hosts,
            over: communicator)
    }

    deinit {
        for exchange in pending.values { exchange.abandon() }
    }

    /// Starts to bring the slices of `bucket`, of which this rank's is ready, to all ranks.
    package func start(_ bucket: GradientBucket) throws {
        precondition(pending[bucket.index] == nil, "bucket \(bucket.index) is under way")
        try trace.measure(.weightsLeave, bucket.index) {
            let exchange = try gather.start(bucket, in: values, received: received)
            pending[bucket.index] = exchange
            moving.append(exchange)
        }
    }

    /// Returns once what is under way of `range` is complete on this rank.
    ///
    /// An error is thrown by the next `finish`.
    package func complete(_ range: Range<Int>) {
        guard !pending.isEmpty, error == nil else { return }
        do {
            try makeProgress()
            var index = buckets.firstIndex { $0.range.upperBound > range.lowerBound } ?? 0
            while index < buckets.count, buckets[index].range.overlaps(range) {
                try finish(index)
                index += 1
            }
        } catch {
            self.error = error
        }
    }

    /// Returns once all started buckets are complete on this rank.
    package func finish() throws {
        if let error { throw error }
        guard !pending.isEmpty else { return }
        for bucket in buckets { try finish(bucket.index) }
    }

    private func finish(_ index: Int) throws {
        guard let exchange = pending.removeValue(forKey: index) else { return }
        try trace.measure(.weightsArrive, index) {
            try trace.measure(.weightsWait, index) {
                try exchange.wait(driving: makeProgress)
            }
        }
    }

    private func makeProgress() throws {
        try communicator.drive()
        try moving.removeAll { try $0.advance() }
    }
}
