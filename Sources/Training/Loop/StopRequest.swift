import Dispatch
import Foundation
import Synchronization

/// Notes a request from outside to stop: SIGUSR1 (which mpirun passes on), SIGTERM or SIGINT. The run then
/// finishes its step, saves and ends.
package final class StopRequest: Sendable {
    private let isRequested = Atomic<Bool>(false)

    /// Signals that were requests to stop stay so until the process ends.
    package init(signals: [Int32] = [SIGUSR1, SIGTERM, SIGINT]) {
        for number in signals {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                isRequested.store(true, ordering: .relaxed)
                // The handler keeps the source, and so the request, alive.
                withExtendedLifetime(source) {}
            }
            source.activate()
        }
    }

    /// Whether this rank has been asked; the ranks have yet to agree.
    package var isPending: Bool { isRequested.load(ordering: .relaxed) }
}
