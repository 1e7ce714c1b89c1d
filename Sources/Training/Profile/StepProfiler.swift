import Collectives
import Diagnostics
import Files
import Foundation

/// Traces the first steps of a start, and writes RUN/trace.json: what every thread of every rank did.
///
/// A trace that cannot be written is a warning: the training goes on without it.
final class StepProfiler {
    private let trace: RankTrace
    private let communicator: any Communicator
    private let islandNumber: Int
    /// The directory of the run; nil on every rank but the first.
    private let directory: String?
    private let clocks: ClockOffsets
    private let start: Int64
    private(set) var isDone = false
    /// What came out, on the first rank.
    private(set) var summary: TraceSummary?

    /// Begins to trace. Collective.
    ///
    /// - Parameters:
    ///   - islandNumber: of the island with which the rank trains; 0 without islands.
    ///   - directory: of the run; nil on every rank but the first.
    init(
        _ trace: RankTrace, over communicator: any Communicator, islandNumber: Int,
        directory: String?
    ) throws {
        self.trace = trace
        (self.communicator, self.islandNumber) = (communicator, islandNumber)
        self.directory = directory
        clocks = try ClockOffsets.measure(over: communicator)
        // Alike on all ranks: calls that they all make are counted from here on.
        try communicator.barrier()
        start = TraceClock.now
        trace.open()
    }

    /// Ends the trace, brings it to the first rank, and writes it there; once. Collective; nothing may be
    /// under way between the ranks.
    ///
    /// - Returns: a line for the log on the first rank.
    func finish() throws -> Line? {
        guard !isDone else { return nil }
        isDone = true
        trace.close()
        let end = TraceClock.now
        let ranks = try gather(end)
        let lost = try communicator.allReduce([Int64(trace.lostCount)], .sum)[0]
        guard let directory else { return nil }
        let summary = TraceSummary(
            ranks, clockError: (clocks.roundTrip + 1) / 2, lostCount: Int(lost))
        self.summary = summary
        return write(ranks, summary, in: directory)
    }

    /// What the log is told.
    struct Line {
        let text: String
        let isWarning: Bool
    }

    /// The events of all ranks, on the first one.
    private func gather(_ end: Int64) throws -> [TracedRank] {
        let later = try ClockOffsets.measure(over: communicator)
        let host = ProcessInfo.processInfo.hostName
        let hosts = try communicator.allGather(ofAnySize: Array(host.utf8))
        let islands = try communicator.allGather([Int64(islandNumber)])
        var ranks: [TracedRank] = []
        let filler = TraceEvent(.step, from: 0, to: 0)
        try communicator.collect(trace.events, filler: filler) { rank, events in
            ranks.append(
                TracedRank(
                    rank: rank, host: String(decoding: hosts[rank], as: UTF8.self),
                    island: Int(islands[rank]), events: events,
                    clock: TracedClock(
                        start: start, end: end, aheadAtStart: clocks.ahead[rank],
                        aheadAtEnd: later.ahead[rank])))
        }
        return ranks
    }

    private func write(
        _ ranks: [TracedRank], _ summary: TraceSummary, in directory: String
    ) -> Line {
        let path = "\(directory)/\(TraceFile.fileName)"
        do {
            try TraceFile.write(ranks, to: path)
            try PublishedFile.write(
                Array((summary.json.text(isPretty: true) + "\n").utf8),
                to: "\(directory)/\(TraceSummary.fileName)")
            return Line(text: "trace: \(path); \(summary.text)", isWarning: false)
        } catch {
            let reason = (error as? Failure)?.line ?? "\(error)"
            return Line(text: "no trace: \(reason); \(summary.text)", isWarning: true)
        }
    }
}
