import CMPI

/// Messages that are under way; has one owner, which must wait for it.
///
/// The memory of the messages belongs to MPI until `wait` returns.
package final class PendingExchange {
    /// Nil where there is nothing to wait for.
    private var requests: OpaquePointer?
    private var isSettled = false
    /// Where the waiting shows.
    var board: ProgressBoard?

    /// An exchange without messages.
    package init() {}

    init(requests: OpaquePointer) {
        self.requests = requests
    }

    deinit {
        precondition(isSettled, "a pending exchange was dropped: it must be waited for")
    }

    /// Returns once all messages have been sent and received.
    package func wait() throws {
        isSettled = true
        guard let requests = release() else { return }
        defer { cmpi_requests_free(requests) }
        let status = board?.during("wait") { cmpi_wait(requests) } ?? cmpi_wait(requests)
        try check(status, of: "MPI_Waitall")
    }

    /// Drives the messages on and tells whether all of them have ended; `wait` is still due.
    ///
    /// MPI moves long messages only inside its calls: call this now and then while computing.
    package func test() throws -> Bool {
        guard let requests else { return true }
        var isDone: Int32 = 0
        let status = cmpi_test(requests, &isDone)
        guard status != 0 || isDone != 0 else { return false }
        release().map(cmpi_requests_free)
        isSettled = status != 0
        try check(status, of: "MPI_Testall")
        return true
    }

    /// Gives up on the messages because the run ends in an error.
    ///
    /// MPI may still write into the memory of the receives, so that must never be freed.
    package func abandon() {
        isSettled = true
        requests = nil
    }

    private func release() -> OpaquePointer? {
        defer { requests = nil }
        return requests
    }
}
