import Foundation
import Synchronization

/// The signals by which a process is asked to stop, and what has come of them so far.
///
/// Signals belong to the process: there is one state of them.
enum StopSignals {
    static let names = [SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGHUP: "SIGHUP", SIGUSR1: "SIGUSR1"]

    enum Answer {
        /// The process ends as it does by default.
        case obey
        case react(StopRequest.Reaction?)
    }

    struct State {
        /// The `StopRequest` values that exist.
        var requestCount = 0
        var first: Int32?
        /// When the first one came.
        var firstMoment: ContinuousClock.Instant?
        var count = 0
        /// Whether the process is about to end with a code of its own.
        var isEnding = false
        var interruptCount = 0
        var reaction: StopRequest.Reaction?
        /// The answer to Ctrl-C, set by an `Interrupts` value; true where that deals with it.
        var answerToInterrupt: (@Sendable () -> Bool)?
    }

    static let state = Mutex(State())

    /// Notes a signal that has come.
    ///
    /// Only USR1, which a launcher passes on, waits for a `StopRequest`. A second Ctrl-C ends at
    /// once, unless a reaction gives it a meaning.
    static func receive(_ number: Int32) -> Answer {
        let answer = number == SIGINT ? state.withLock(\.answerToInterrupt) : nil
        if let answer { return answer() ? .react(nil) : .obey }
        return state.withLock { state in
            if state.isEnding && number == SIGTERM { return .react(nil) }
            if state.requestCount == 0 && number != SIGUSR1 { return .obey }
            if number == SIGINT { state.interruptCount += 1 }
            if state.interruptCount > 1 && number == SIGINT && state.reaction == nil {
                return .obey
            }
            state.first = state.first ?? number
            state.firstMoment = state.firstMoment ?? .now
            state.count += 1
            return .react(state.reaction)
        }
    }
}
