import CMPI

/// All messages of this process that are under way: one call to MPI drives them all.
final class MessageQueue {
    private let queue: OpaquePointer?

    /// It lives until the end of the program, as the messages of a failed run may.
    init() throws {
        var queue: OpaquePointer?
        try check(cmpi_queue_create(&queue), of: "MPI_Irecv")
        self.queue = queue
    }

    func drive() throws {
        try check(cmpi_drive(queue), of: "MPI_Testsome")
    }

    /// Starts messages over `world`, under one tag; nil where there are none.
    func start(
        sends: [MessageToSend], receives: [MessageToReceive], tag: Int32, over world: OpaquePointer?
    ) throws -> (any AwaitedEvent)? {
        guard !sends.isEmpty || !receives.isEmpty else { return nil }
        var requests: OpaquePointer?
        try check(cmpi_requests_create(&requests), of: "MPI_Irecv")
        // Receives first: what arrives finds its place and is not copied twice.
        for message in receives {
            try check(
                cmpi_receive(
                    world, queue, requests, message.bytes.baseAddress, message.bytes.count,
                    Int32(message.peer), tag), of: "MPI_Irecv")
        }
        for message in sends {
            try check(
                cmpi_send(
                    world, queue, requests, message.bytes.baseAddress, message.bytes.count,
                    Int32(message.peer), tag), of: "MPI_Isend")
        }
        return requests.map { Messages(requests: $0, queue: self) }
    }

    /// Messages that are waited for together. Where they are given up, MPI still has them.
    private final class Messages: AwaitedEvent {
        private let queue: MessageQueue
        private var requests: OpaquePointer?

        init(requests: OpaquePointer, queue: MessageQueue) {
            (self.requests, self.queue) = (requests, queue)
        }

        var hasCome: Bool {
            get throws {
                guard let requests else { return true }
                var status: Int32 = 0
                guard cmpi_have_ended(requests, &status) != 0 else { return false }
                self.requests = nil
                cmpi_requests_free(requests)
                try check(status, of: "MPI_Testsome")
                return true
            }
        }

        func drive() throws { try queue.drive() }
    }
}
