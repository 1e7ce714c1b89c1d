import Glibc
import Synchronization

/// A span of time of one thread, on the clock of its host.
package struct TraceEvent: BitwiseCopyable, Equatable, Sendable {
    /// Nanoseconds of `TraceClock`.
    package var start: Int64
    package var end: Int64
    /// Which step, block, bucket or call it is.
    package var number: Int32
    private var rawKind: UInt8
    /// The thread, as `RankTrace` counts them.
    package var row: UInt8

    package init(
        _ kind: TraceKind, _ number: Int = 0, from start: Int64, to end: Int64, row: Int = 0
    ) {
        (self.start, self.end) = (start, end)
        self.number = Int32(truncatingIfNeeded: number)
        rawKind = kind.rawValue
        self.row = UInt8(truncatingIfNeeded: row)
    }

    /// Nil in the bytes of another program.
    package var kind: TraceKind? { TraceKind(rawValue: rawKind) }
}

/// The clock of traces: equal for all processes of a host, and never set.
package enum TraceClock {
    /// Nanoseconds since the start of the host.
    package static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The events of one thread, in memory that was taken before.
///
/// One thread at a time records; another may read what is there meanwhile. Where nobody traces, there is
/// no track: all use is through an optional.
package final class TraceTrack: @unchecked Sendable {
    private let row: Int
    private let capacity: Int
    private let gate: TraceGate
    private let events: UnsafeMutablePointer<TraceEvent>
    private let storedCount = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)
    /// Calls of all ranks so far.
    private var callCount = 0

    /// Pieces of work with a shorter pause between them are one event of a pool's thread.
    private static let pause: Int64 = 20_000

    init(row: Int, capacity: Int, gate: TraceGate) {
        (self.row, self.capacity, self.gate) = (row, capacity, gate)
        events = .allocate(capacity: capacity)
    }

    deinit { events.deallocate() }

    package var isOpen: Bool { gate.isOpen }

    /// Events for which there was no room.
    var lostCount: Int { lost.load(ordering: .relaxed) }

    /// The events so far.
    var all: [TraceEvent] {
        Array(UnsafeBufferPointer(start: events, count: storedCount.load(ordering: .acquiring)))
    }

    /// Records what began at `start` and ends now.
    package func end(_ kind: TraceKind, _ number: Int = 0, from start: Int64) {
        guard gate.isOpen else { return }
        let count = storedCount.load(ordering: .relaxed)
        guard count < capacity else {
            lost.add(1, ordering: .relaxed)
            return
        }
        let event = TraceEvent(
            kind, number, from: start, to: max(start + 1, TraceClock.now), row: row)
        (events + count).initialize(to: event)
        storedCount.store(count + 1, ordering: .releasing)
    }

    /// Records work from `start` until now, as a part of the last one where that has just ended. To be
    /// called only while the reader waits for the end of the work.
    package func extend(_ kind: TraceKind, from start: Int64) {
        let count = storedCount.load(ordering: .relaxed)
        guard gate.isOpen, count > 0, start - events[count - 1].end < Self.pause else {
            return end(kind, from: start)
        }
        events[count - 1].end = TraceClock.now
    }

    /// The number of a call that all ranks make in the same order, from 0.
    package func nextCall() -> Int {
        guard gate.isOpen else { return 0 }
        callCount += 1
        return callCount - 1
    }
}

extension TraceTrack? {
    /// Runs `body` and records for how long, where there is a track.
    @inline(__always)
    package func measure<Value, Problem: Error>(
        _ kind: TraceKind, _ number: Int = 0, _ body: () throws(Problem) -> Value
    ) throws(Problem) -> Value {
        guard let self, self.isOpen else { return try body() }
        let start = TraceClock.now
        defer { self.end(kind, number, from: start) }
        return try body()
    }
}
