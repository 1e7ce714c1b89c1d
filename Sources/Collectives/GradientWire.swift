/// The format in which gradients travel between hosts.
package protocol GradientWire: AnyObject {
    /// Starts sending and receiving. The memory stays valid, the sent values unchanged and the received
    /// ones untouched, until the exchange has been waited for; then the values have arrived.
    func exchange(
        on channel: Int, sends: [GradientMessage], receives: [GradientMessage],
        over communicator: any Communicator
    ) throws -> PendingExchange

    /// Makes of `values`, which go on to be used here too, what arrives elsewhere.
    func round(_ values: GradientBuffer)
}

/// Values for `peer`, or where those of `peer` go.
package struct GradientMessage {
    package var peer: Int
    package var values: GradientBuffer
}

/// Sends gradients as the floats that they are.
package final class FloatWire: GradientWire {
    package init() {}

    package func exchange(
        on channel: Int, sends: [GradientMessage], receives: [GradientMessage],
        over communicator: any Communicator
    ) throws -> PendingExchange {
        try communicator.exchange(
            on: channel,
            sends: sends.map { MessageToSend(to: $0.peer, UnsafeRawBufferPointer($0.values)) },
            receives: receives.map {
                MessageToReceive(from: $0.peer, UnsafeMutableRawBufferPointer($0.values))
            })
    }

    package func round(_ values: GradientBuffer) {}
}
