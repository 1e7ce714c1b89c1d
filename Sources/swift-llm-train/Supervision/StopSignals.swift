import Dispatch
import Foundation
import Synchronization

/// Requests to stop, and what is to be done about them at the moment.
final class StopSignals: Sendable {
    typealias Reaction = @Sendable (Int32) -> Void

    private struct State {
        var first: Int32?
        var count = 0
        var reaction: Reaction?
    }

    private let state = Mutex(State())

    /// The signals stay requests until the process ends.
    init(_ signals: [Int32] = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]) {
        for number in signals {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                note(number)
                // The handler keeps the source, and so the requests, alive.
                withExtendedLifetime(source) {}
            }
            source.activate()
        }
    }

    /// The name of the first one that came.
    var first: String? {
        state.withLock(\.first).map {
            [SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGHUP: "SIGHUP"][$0] ?? "SIGUSR1"
        }
    }

    /// How many came.
    var count: Int { state.withLock(\.count) }

    /// Has `reaction` called for each signal, also for one that came before, until it is replaced.
    func react(_ reaction: @escaping Reaction) {
        let earlier = state.withLock { state in
            state.reaction = reaction
            return state.first
        }
        if let earlier { reaction(earlier) }
    }

    func ignore() { state.withLock { $0.reaction = nil } }

    /// Waits, but not beyond a signal.
    func pause(_ duration: Duration) async {
        let pause = Task { try? await Task.sleep(for: duration) }
        react { _ in pause.cancel() }
        await pause.value
        ignore()
    }

    private func note(_ number: Int32) {
        let reaction = state.withLock { state in
            state.first = state.first ?? number
            state.count += 1
            return state.reaction
        }
        reaction?(number)
    }
}
