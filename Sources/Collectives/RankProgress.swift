import Diagnostics
import Synchronization

/// How far a rank has come in the collective calls of a run.
package struct RankProgress: Equatable, Sendable {
    /// The training step, from 1; 0 before the first.
    package var step = 0
    /// The number of collective calls that the rank has begun.
    package var number = 0
    /// The call in which the rank is, or was last: one word.
    package var call = "start"
    /// The time since which the rank has been in the call; nil outside.
    package var waitingSince: ContinuousClock.Instant?
    /// Whether what the rank does now (a checkpoint, an evaluation) may take any time.
    package var isUncounted = false
    /// What the rank wants of the file system, and since when; nil while it wants nothing. Such a time
    /// is not counted, but has a limit of its own.
    package var files: FileWait?

    /// A call that ends when the file system answers.
    package struct FileWait: Equatable, Sendable {
        package var what: String
        package var since: ContinuousClock.Instant
    }

    package init() {}
}

/// The progress of this rank: its calls write it, its watchdog reads it.
package final class ProgressBoard: Sendable {
    private let state = Mutex(RankProgress())
    /// Where the calls in which this rank may wait leave a trace too; nil where nobody traces.
    private let trace: TraceTrack?

    package init(trace: TraceTrack? = nil) { self.trace = trace }

    package var progress: RankProgress { state.withLock { $0 } }

    /// The training step that begins, from 1.
    package func beginStep(_ step: Int) { state.withLock { $0.step = step } }

    /// Runs `body`, which may take any time.
    package func uncounted<Value>(_ body: () throws -> Value) rethrows -> Value {
        state.withLock { $0.isUncounted = true }
        defer { state.withLock { $0.isUncounted = false } }
        return try body()
    }

    /// Runs `body`, which ends when the file system answers: nobody else waits for this rank meanwhile
    /// in vain.
    ///
    /// - Parameter what: what is read or written, as a message names it.
    package func awaitingFiles<Value>(
        _ what: String, _ body: () throws -> Value
    ) rethrows -> Value {
        state.withLock { $0.files = RankProgress.FileWait(what: what, since: .now) }
        defer { state.withLock { $0.files = nil } }
        return try body()
    }

    /// Runs a collective call, in which this rank may have to wait for others.
    func during<Value>(_ call: String, _ body: () throws -> Value) rethrows -> Value {
        state.withLock {
            $0.number += 1
            $0.call = call
            $0.waitingSince = .now
        }
        defer { state.withLock { $0.waitingSince = nil } }
        return try body()
    }

    /// As `during`, for a call that ends only once other ranks have begun it too.
    func meeting<Value>(_ call: String, _ body: () throws -> Value) rethrows -> Value {
        guard let trace, trace.isOpen else { return try during(call, body) }
        let (number, start) = (trace.nextCall(), TraceClock.now)
        defer { trace.end(.collective, number, from: start) }
        return try during(call, body)
    }

    /// Runs `body`, in which this rank waits for messages: of no collective call, since not all ranks
    /// wait for the same ones.
    func waiting<Value>(_ body: () throws -> Value) rethrows -> Value {
        state.withLock {
            $0.call = "wait"
            $0.waitingSince = .now
        }
        defer { state.withLock { $0.waitingSince = nil } }
        return try body()
    }

    /// Forgets how long the rank has waited: its process was asleep.
    func restartWaiting() {
        state.withLock {
            if $0.waitingSince != nil { $0.waitingSince = .now }
            $0.files?.since = .now
        }
    }
}
