/// Messages of one byte by which the ranks of a host announce what lies in shared memory.
final class HostSignals {
    private let communicator: any Communicator
    /// The memory that the ranks of the host share; nil where the rank has its host for itself.
    private let memory: SharedMemory?
    /// The memory where the bytes of all ranks arrive, for each channel.
    private let inbox: UnsafeMutableRawBufferPointer
    private let token: UnsafeMutableRawBufferPointer
    /// The number of exchanges that have not ended.
    private var openCount = 0

    /// - Parameter channelCount: channels are numbers below it.
    init(communicator: any Communicator, memory: SharedMemory?, channelCount: Int) {
        self.communicator = communicator
        self.memory = memory
        inbox = .allocate(
            byteCount: memory == nil ? 0 : channelCount * communicator.worldSize, alignment: 1)
        token = .allocate(byteCount: 1, alignment: 1)
        token[0] = 1
    }

    /// Small and, after an error, perhaps still in the hands of MPI: they are not freed then.
    deinit {
        guard openCount == 0 else { return }
        inbox.deallocate()
        token.deallocate()
    }

    /// Notifies `listeners` that what this rank has written can be read, and waits for what
    /// `speakers` write.
    func tell(
        _ listeners: [Int], awaiting speakers: [Int], on channel: Int
    ) throws -> PendingExchange {
        guard let memory, !listeners.isEmpty || !speakers.isEmpty else { return PendingExchange() }
        try memory.synchronize()
        openCount += 1
        let exchange = try communicator.exchange(
            on: channel,
            sends: listeners.map { MessageToSend(to: $0, UnsafeRawBufferPointer(token)) },
            receives: speakers.map { speaker in
                let place = channel * communicator.worldSize + speaker
                return MessageToReceive(
                    from: speaker,
                    UnsafeMutableRawBufferPointer(rebasing: inbox[place..<place + 1]))
            })
        return try exchange.then { [self] in
            openCount -= 1
            try memory.synchronize()
            return nil
        }
    }
}
