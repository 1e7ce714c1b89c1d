import Synchronization

/// A wait beside a run, at whose end the run is to stop.
final class Recalling: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var isDone = false
    }

    private let state = Mutex(State())

    /// Whether the wait came to its end.
    var isDone: Bool { state.withLock { $0.isDone } }

    /// Begins to wait, and calls `stop` once `wait` has returned.
    func start(
        _ wait: @escaping @Sendable () async throws -> Void,
        then stop: @escaping @Sendable () -> Void
    ) {
        let task = Task {
            guard (try? await wait()) != nil else { return }
            state.withLock { $0.isDone = true }
            stop()
        }
        state.withLock { $0.task = task }
    }

    /// Gives up waiting; to be called when the run is gone.
    func end() { state.withLock { $0.task?.cancel() } }
}
