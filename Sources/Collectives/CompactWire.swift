import CKernels

/// Sends gradients as bfloat16, rounded to the nearest, ties to even: half the traffic.
///
/// What a host keeps for itself is not rounded before the sum: the bits depend on the ranks and hosts.
package final class CompactWire: GradientWire {
    private typealias Compact = UnsafeMutableBufferPointer<UInt16>

    private let forEach: ForEach
    private var idleBuffers: [Compact] = []

    /// - Parameter forEach: runs the conversions.
    package init(forEach: @escaping ForEach = forEachInOrder) {
        self.forEach = forEach
    }

    /// MPI may yet use the buffers of what is under way: they are not freed.
    deinit {
        for buffer in idleBuffers { buffer.deallocate() }
    }

    package func exchange(
        on channel: Int, sends: [GradientMessage], receives: [GradientMessage],
        over communicator: any Communicator
    ) throws -> PendingExchange {
        let buffer = takeBuffer((sends + receives).reduce(0) { $0 + $1.values.count })
        var end = 0
        let parts = (sends + receives).map { message in
            end += message.values.count
            return Compact(rebasing: buffer[end - message.values.count..<end])
        }
        let (outgoing, incoming) = (parts.prefix(sends.count), parts.dropFirst(sends.count))
        for (message, part) in zip(sends, outgoing) { narrow(message.values, to: part) }
        let exchange = try communicator.exchange(
            on: channel,
            sends: zip(sends, outgoing).map {
                MessageToSend(to: $0.peer, UnsafeRawBufferPointer($1))
            },
            receives: zip(receives, incoming).map {
                MessageToReceive(from: $0.peer, UnsafeMutableRawBufferPointer($1))
            })
        return try exchange.then { [self] in
            for (message, part) in zip(receives, incoming) { widen(part, to: message.values) }
            idleBuffers.append(buffer)
            return nil
        }
    }

    package func round(_ values: GradientBuffer) {
        let compact = takeBuffer(values.count)
        let part = Compact(rebasing: compact[..<values.count])
        narrow(values, to: part)
        widen(part, to: values)
        idleBuffers.append(compact)
    }

    /// A buffer that is large enough; small ones stay for smaller messages.
    private func takeBuffer(_ capacity: Int) -> Compact {
        let fitting = idleBuffers.indices.filter { idleBuffers[$0].count >= capacity }
        guard let best = fitting.min(by: { idleBuffers[$0].count < idleBuffers[$1].count }) else {
            return .allocate(capacity: capacity)
        }
        return idleBuffers.remove(at: best)
    }

    private func narrow(_ values: GradientBuffer, to compact: Compact) {
        forEachPiece(of: values.count) { start, count in
            guard let from = values.baseAddress, let to = compact.baseAddress else { return }
            kernel_round_to_bfloat16(to + start, from + start, count)
        }
    }

    private func widen(_ compact: Compact, to values: GradientBuffer) {
        forEachPiece(of: values.count) { start, count in
            guard let from = compact.baseAddress, let to = values.baseAddress else { return }
            kernel_widen(to + start, from + start, count)
        }
    }

    private func forEachPiece(of count: Int, _ body: (_ start: Int, _ count: Int) -> Void) {
        let size = GradientBuckets.chunkSize
        forEach(GradientBuckets.chunkCount(of: count)) { index in
            body(index * size, min(size, count - index * size))
        }
    }
}
