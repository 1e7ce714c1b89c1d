import Dispatch
import Foundation
import Synchronization

/// Notes a request from outside to stop: SIGUSR1 (which mpirun passes on), SIGTERM or SIGINT. The run then
/// finishes its step, saves and ends.
package final class StopRequest: Sendable {
    private let isRequested = Atomic<Bool>(false)

    /// Keeps a SIGUSR1 that comes before there is a request from ending the process: it waits for the
    /// request. To be called at the start of the program, before there is a second thread.
    package static func holdBack() {
        var signals = Self.set(of: SIGUSR1)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Signals that were requests to stop stay so until the process ends.
    package init(signals: [Int32] = [SIGUSR1, SIGTERM, SIGINT]) {
        for number in signals {
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                isRequested.store(true, ordering: .relaxed)
                // The handler keeps the source, and so the request, alive.
                withExtendedLifetime(source) {}
            }
            source.activate()
            take(number)
        }
    }

    /// Notes a signal that was held back, and lets later ones come to the source.
    private func take(_ number: Int32) {
        var pending = sigset_t()
        sigpending(&pending)
        if sigismember(&pending, number) == 1 { isRequested.store(true, ordering: .relaxed) }
        signal(number, SIG_IGN)
        var signals = Self.set(of: number)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    private static func set(of number: Int32) -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, number)
        return signals
    }

    /// Whether this rank has been asked; the ranks have yet to agree.
    package var isPending: Bool { isRequested.load(ordering: .relaxed) }
}
