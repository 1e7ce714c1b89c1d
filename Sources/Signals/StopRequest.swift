import Foundation
import Synchronization

/// Requests to stop what this process does: SIGTERM, SIGINT, SIGHUP, SIGUSR1 (which mpirun passes on),
/// or the end of the time that it was given.
///
/// While one exists these signals do not end the process.
package final class StopRequest: Sendable {
    package typealias Reaction = @Sendable (_ signal: Int32) -> Void

    private let hearsSignals: Bool
    private let end: ContinuousClock.Instant?

    /// - Parameter end: The moment from which a stop is asked for, if any.
    package init(at end: ContinuousClock.Instant? = nil) {
        hearsSignals = true
        self.end = end
        StopSignals.state.withLock { $0.requestCount += 1 }
    }

    private init() {
        hearsSignals = false
        end = nil
    }

    /// A request that never comes, whatever is sent to the process.
    package static var never: StopRequest { StopRequest() }

    deinit {
        guard hearsSignals else { return }
        StopSignals.state.withLock { state in
            state.requestCount -= 1
            state.reaction = nil
        }
    }

    /// Whether this process has been asked to stop; the ranks have yet to agree.
    package var isPending: Bool {
        hearsSignals && Self.isSignalled || end.map { ContinuousClock.now >= $0 } ?? false
    }

    /// The time for which this process has been asked to stop; nil while it has not.
    package var age: Duration? {
        let signal = hearsSignals ? StopSignals.state.withLock(\.firstMoment) : nil
        let moments = [signal, end].compactMap { $0 }.filter { $0 <= .now }
        return moments.min().map { .now - $0 }
    }

    /// Whether a signal has asked this process to stop, also one that came while there was no request.
    package static var isSignalled: Bool { StopSignals.state.withLock { $0.first != nil } }

    /// The name of the first signal that came.
    package var signal: String? {
        StopSignals.state.withLock(\.first).flatMap { StopSignals.names[$0] }
    }

    /// The number of signals that came.
    package var signalCount: Int { StopSignals.state.withLock(\.count) }

    /// Has `reaction` called for each signal from now on, also for one that came before, until another
    /// one replaces it; on the thread that takes the signals.
    package func react(_ reaction: @escaping Reaction) {
        let earlier = StopSignals.state.withLock { state in
            state.reaction = reaction
            return state.first
        }
        if let earlier { reaction(earlier) }
    }

    /// Ends the reaction: from now on signals are only noted.
    package func ignore() { StopSignals.state.withLock { $0.reaction = nil } }

    /// Waits for `duration`, but not beyond a signal.
    package func pause(_ duration: Duration) async {
        let pause = Task { try? await Task.sleep(for: duration) }
        react { _ in pause.cancel() }
        await pause.value
        ignore()
    }
}
