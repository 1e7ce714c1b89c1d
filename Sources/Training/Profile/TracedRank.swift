import Diagnostics

/// The events of a rank on the clock of the first rank, in nanoseconds since the trace began.
package struct TracedRank {
    package let rank: Int
    let host: String
    /// The number of the island with which the rank trains; 0 without islands.
    let island: Int
    let events: [TraceEvent]

    /// The events of the thread that trains, an event before those inside it.
    let training: [TraceEvent]

    /// - Parameters:
    ///   - events: on the clock of the rank.
    ///   - clock: of the rank.
    package init(rank: Int, host: String, island: Int, events: [TraceEvent], clock: TracedClock) {
        (self.rank, self.host, self.island) = (rank, host, island)
        self.events = events.map { event in
            var event = event
            (event.start, event.end) = (clock.time(event.start), clock.time(event.end))
            return event
        }
        training = self.events.filter { $0.row == 0 }.inNestedOrder
    }

    /// The time of the training thread, cut where it goes over to something else, in order.
    package var stretches: [Stretch] {
        var stretches: [Stretch] = []
        var open: [TraceEvent] = []
        var time = training.first?.start ?? 0
        func close(until end: Int64) {
            guard let kind = open.last?.kind else {
                time = max(time, end)
                return
            }
            if end > time { stretches.append(Stretch(time, end, TracePart(kind))) }
            time = max(time, end)
        }
        for event in training {
            while let last = open.last, last.end <= event.start {
                close(until: last.end)
                open.removeLast()
            }
            close(until: event.start)
            open.append(event)
        }
        while let last = open.last {
            close(until: last.end)
            open.removeLast()
        }
        return stretches
    }

    package struct Stretch: Equatable {
        package var start: Int64
        package var end: Int64
        package var part: TracePart

        package init(_ start: Int64, _ end: Int64, _ part: TracePart) {
            (self.start, self.end, self.part) = (start, end, part)
        }
    }
}

/// How the clock of a rank stood to that of the first one when the trace began and when it ended; in
/// between it is taken to have run evenly.
package struct TracedClock {
    /// On the clock of the first rank.
    let start: Int64
    let end: Int64
    /// Nanoseconds by which the clock of the rank was ahead.
    let aheadAtStart: Int64
    let aheadAtEnd: Int64

    package init(start: Int64, end: Int64, aheadAtStart: Int64, aheadAtEnd: Int64) {
        (self.start, self.end) = (start, end)
        (self.aheadAtStart, self.aheadAtEnd) = (aheadAtStart, aheadAtEnd)
    }

    /// Nanoseconds since the start on the clock of the first rank; never before it, and in order for times
    /// in order.
    package func time(_ own: Int64) -> Int64 {
        let span = Double(max(1, end - start))
        let share = min(1, max(0, Double(own - aheadAtStart - start) / span))
        // Never more than half the time: events would change their order.
        let drift = min(span / 2, max(-span / 2, Double(aheadAtEnd - aheadAtStart)))
        let ahead = Double(aheadAtStart) + share * drift
        return max(0, own - start - Int64(ahead.rounded()))
    }
}

extension [TraceEvent] {
    /// Those of one thread, an event before those inside it.
    var inNestedOrder: [TraceEvent] {
        sorted { ($0.start, -$0.end) < ($1.start, -$1.end) }
    }
}
