import CMPI

/// Messages that are under way, and what follows them; has one owner, which must wait for it.
///
/// The memory of the messages belongs to MPI until `wait` returns.
package final class PendingExchange {
    /// The requests of MPI; nil where there is nothing to wait for.
    private var requests: OpaquePointer?
    /// The steps that follow these messages, in order.
    private var steps: [() throws -> PendingExchange?] = []
    private var isSettled = false
    /// The board on which waiting for the exchange shows.
    var board: ProgressBoard?

    /// An exchange without messages.
    package init() {}

    init(requests: OpaquePointer) {
        self.requests = requests
    }

    deinit {
        precondition(isSettled, "a pending exchange was dropped: it must be waited for")
    }

    /// Adds what is to be done once all has ended so far, by the call of `test` or `wait` that sees it,
    /// or at once; the messages that it may return are then part of this exchange.
    package func then(_ step: @escaping () throws -> PendingExchange?) throws -> PendingExchange {
        steps.append(step)
        _ = try advance()
        return self
    }

    /// Returns once all messages have been sent and received, and all that follows is done.
    package func wait() throws {
        isSettled = true
        while try !advance() {
            guard let requests = release() else { return }
            defer { cmpi_requests_free(requests) }
            let status = board?.during("wait") { cmpi_wait(requests) } ?? cmpi_wait(requests)
            try check(status, of: "MPI_Waitall")
        }
    }

    /// Drives the messages on and returns whether all of them have ended; `wait` is still due.
    ///
    /// MPI moves long messages only inside its calls: call this now and then while computing.
    package func test() throws -> Bool {
        while try !advance() {
            guard let requests else { return true }
            var isDone: Int32 = 0
            let status = cmpi_test(requests, &isDone)
            guard status != 0 || isDone != 0 else { return false }
            release().map(cmpi_requests_free)
            isSettled = status != 0
            try check(status, of: "MPI_Testall")
        }
        return true
    }

    /// Gives up on the messages because the run ends in an error.
    ///
    /// MPI may still write into the memory of the receives, so that must never be freed.
    package func abandon() {
        isSettled = true
        requests = nil
        steps = []
    }

    /// Does what follows as far as no message is under way; true where nothing is left.
    private func advance() throws -> Bool {
        while requests == nil, !steps.isEmpty {
            let step = steps.removeFirst()
            do {
                guard let next = try step() else { continue }
                requests = next.requests
                steps = next.steps + steps
                board = next.board ?? board
                next.abandon()
            } catch {
                abandon()
                throw error
            }
        }
        return requests == nil
    }

    private func release() -> OpaquePointer? {
        defer { requests = nil }
        return requests
    }
}
