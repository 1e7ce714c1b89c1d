import Foundation
import Synchronization

/// USR1 to a process, again each second until the process has ended.
final class RepeatedStop: Sendable {
    private let repetition = Mutex<Task<Void, Never>?>(nil)

    /// Begins, unless it has begun.
    func start(_ process: pid_t) {
        repetition.withLock { task in
            guard task == nil else { return }
            task = Task {
                while !Task.isCancelled {
                    kill(process, SIGUSR1)
                    try? await Task.sleep(for: .seconds(1))
                }
            }
        }
    }

    /// Ends it; to be called when the process is gone.
    func end() { repetition.withLock { $0?.cancel() } }
}
