import Dispatch
import Synchronization

/// Work on another thread, begun at once, whose outcome its owner fetches.
final class BackgroundTask<Value: Sendable>: Sendable {
    private let group = DispatchGroup()
    private let outcome = Mutex<Result<Value, any Error>?>(nil)

    init(_ work: @escaping @Sendable () throws -> Value) {
        DispatchQueue.global(qos: .utility).async(group: group) { [self] in
            let result = Result { try work() }
            outcome.withLock { $0 = result }
        }
    }

    /// The result of the work; nil while it goes on.
    var result: Result<Value, any Error>? { outcome.withLock { $0 } }

    /// Waits for the end of the work.
    func value() throws -> Value {
        group.wait()
        guard let result else { preconditionFailure("the work has ended without an outcome") }
        return try result.get()
    }
}

/// A request to end work early, which its threads look at.
final class Cancellation: Sendable {
    private let isRequested = Atomic<Bool>(false)

    func request() { isRequested.store(true, ordering: .relaxed) }

    /// - Throws: where the work is to end.
    func check() throws {
        if isRequested.load(ordering: .relaxed) { throw CancellationError() }
    }
}
