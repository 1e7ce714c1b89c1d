import CMPI

/// What an exchange waits for before it goes on.
protocol AwaitedEvent: AnyObject {
    /// Whether it has come; never waits.
    var hasCome: Bool { get throws }

    /// Drives it on: MPI moves long messages only inside its calls.
    func drive() throws
}

/// Messages and signals that are under way, and what follows them; has one owner, which must wait for
/// it.
///
/// The memory of the messages belongs to MPI until `wait` returns.
package final class PendingExchange {
    /// What is under way; nil where there is nothing to wait for.
    private var event: (any AwaitedEvent)?
    /// The steps that follow, in order.
    private var steps: [() throws -> PendingExchange?] = []
    private var isSettled = false
    /// The board on which waiting for the exchange shows.
    var board: ProgressBoard?

    /// An exchange without messages.
    package init() {}

    init(awaiting event: any AwaitedEvent) {
        self.event = event
    }

    deinit {
        precondition(isSettled, "a pending exchange was dropped: it must be waited for")
    }

    /// Adds what is to be done once all has ended so far, by the call of `test` or `wait` that sees it,
    /// or at once; the exchange that it may return is then part of this one.
    package func then(_ step: @escaping () throws -> PendingExchange?) throws -> PendingExchange {
        steps.append(step)
        _ = try advance()
        return self
    }

    /// Returns once all messages have been sent and received, and all that follows is done.
    ///
    /// - Parameter others: drives on meanwhile what other ranks may wait for.
    package func wait(driving others: () throws -> Void = {}) throws {
        isSettled = true
        guard try !test() else { return }
        try board.waiting {
            var attempt = 0
            while try !test() {
                try others()
                cmpi_pause(attempt)
                attempt += 1
            }
        }
    }

    /// Drives the messages on and returns whether all of them have ended; `wait` is still due.
    ///
    /// Call this now and then while computing.
    package func test() throws -> Bool {
        guard try !advance() else { return true }
        try settlingOnError { try event?.drive() }
        return try advance()
    }

    /// Does what follows as far as nothing is under way; true where nothing is left. Drives nothing.
    func advance() throws -> Bool {
        try settlingOnError {
            while true {
                if let event {
                    guard try event.hasCome else { return false }
                    self.event = nil
                }
                guard !steps.isEmpty else { return true }
                if let next = try steps.removeFirst()() { takeOver(next) }
            }
        }
    }

    /// Gives up on the messages because the run ends in an error.
    ///
    /// MPI may still write into the memory of the receives, so that must never be freed.
    package func abandon() {
        isSettled = true
        event = nil
        steps = []
    }

    private func takeOver(_ next: PendingExchange) {
        event = next.event
        steps = next.steps + steps
        board = next.board ?? board
        next.abandon()
    }

    private func settlingOnError<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            abandon()
            throw error
        }
    }
}

extension ProgressBoard? {
    /// Runs `body`, in which this rank waits for others, and shows it on the board, if there is one.
    fileprivate func waiting(_ body: () throws -> Void) rethrows {
        if let self { try self.waiting(body) } else { try body() }
    }
}
