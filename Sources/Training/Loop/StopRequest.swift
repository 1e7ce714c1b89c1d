import Foundation
import Synchronization

/// Notes a request from outside to stop: SIGUSR1 (which mpirun passes on), SIGTERM or SIGINT. The run then
/// finishes its step, saves and ends.
package final class StopRequest: Sendable {
    private let signals: [Int32]

    /// Keeps a SIGUSR1 that comes before there is a request from ending the process: it waits for the
    /// request. To be called at the start of the program, before there is a second thread.
    package static func holdBack() {
        var signals = Self.set(of: SIGUSR1)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Signals that were requests to stop stay so until the process ends; one that was held back comes
    /// now.
    package init(signals: [Int32] = [SIGUSR1, SIGTERM, SIGINT]) {
        self.signals = signals
        for number in signals {
            _ = SeenSignals.contains(number)
            signal(number) { SeenSignals.insert($0) }
            var signals = Self.set(of: number)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        }
    }

    private static func set(of number: Int32) -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, number)
        return signals
    }

    /// Whether this rank has been asked; the ranks have yet to agree.
    package var isPending: Bool { signals.contains(where: SeenSignals.contains) }
}

/// The signals that have come to this process: a bit for each of the first 64. Signals belong to the
/// process, and their handler may do no more than set a bit.
private enum SeenSignals {
    private static let bits = Atomic<UInt64>(0)

    static func insert(_ number: Int32) {
        bits.bitwiseOr(1 << UInt64(number), ordering: .relaxed)
    }

    static func contains(_ number: Int32) -> Bool {
        bits.load(ordering: .relaxed) & 1 << UInt64(number) != 0
    }
}
