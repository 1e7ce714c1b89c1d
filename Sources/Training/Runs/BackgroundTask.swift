import Dispatch
import Synchronization
import Tensors

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

    /// Nil while the work goes on.
    var result: Result<Value, any Error>? { outcome.withLock { $0 } }

    /// Waits for the end of the work.
    func value() throws -> Value {
        group.wait()
        guard let result else { preconditionFailure("the work has ended without an outcome") }
        return try result.get()
    }
}
