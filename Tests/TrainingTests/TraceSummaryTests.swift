import Diagnostics
import Foundation
import JSON
import Testing
import Training

/// For whom ranks waited, by events that were made by hand.
@Suite struct TraceSummaryTests {
    private let clock = TracedClock(start: 0, end: 1000, aheadAtStart: 0, aheadAtEnd: 0)

    private func rank(
        _ number: Int, _ events: [TraceEvent], clock: TracedClock? = nil
    ) -> TracedRank {
        TracedRank(
            rank: number, host: "host-\(number)", island: 0, events: events,
            clock: clock ?? self.clock)
    }

    /// Rank 1 computes until 700, rank 0 until 300, then waits until 720.
    private func unequal(_ second: TracedClock? = nil, ahead: Int64 = 0) -> [TracedRank] {
        [
            rank(
                0,
                [
                    TraceEvent(.backwardBlock, 1, from: 100, to: 290),
                    TraceEvent(.backward, from: 100, to: 290),
                    TraceEvent(.gradientsLeave, 0, from: 300, to: 310),
                    TraceEvent(.gradientsWait, 0, from: 320, to: 720),
                    TraceEvent(.gradientsArrive, 0, from: 320, to: 800),
                    TraceEvent(.step, 1, from: 0, to: 1000),
                ]),
            rank(
                1,
                [
                    TraceEvent(.forward, from: 0 + ahead, to: 400 + ahead),
                    TraceEvent(.backward, from: 400 + ahead, to: 690 + ahead),
                    TraceEvent(.gradientsLeave, 0, from: 700 + ahead, to: 710 + ahead),
                    TraceEvent(.gradientsWait, 0, from: 720 + ahead, to: 725 + ahead),
                    TraceEvent(.gradientsArrive, 0, from: 720 + ahead, to: 800 + ahead),
                    TraceEvent(.step, 1, from: 0 + ahead, to: 1000 + ahead),
                ], clock: second),
        ]
    }

    @Test func theRankForWhichOthersWaitedIsNamedWithWhatItDid() throws {
        let summary = TraceSummary(unequal(), clockError: 0, lostCount: 0)
        let slowest = try #require(summary.slowest)
        #expect(slowest.rank == 1 && abs(slowest.waitedSeconds - 380e-9) < 1e-15)
        let parts: [(TracePart, Double)] = [(.forward, 80), (.backward, 290), (.rest, 10)]
        for (part, time) in parts {
            #expect(abs((slowest.doing[part] ?? 0) - time / 380) < 1e-12, "\(part)")
        }
        #expect(summary.stepCount == 1)
        #expect(abs((summary.shares[0].seconds[.waiting] ?? 0) - 400e-9) < 1e-15)
        #expect(abs(summary.shares[0].total - 1000e-9) < 1e-15)
        #expect(summary.sentence?.hasPrefix("rank 1 on host-1 was the slowest") == true)
    }

    /// A clock that is an hour ahead, and goes on gaining, changes nothing but the last digits.
    @Test func clocksOfOtherHostsAreCorrected() throws {
        let hour: Int64 = 3_600_000_000_000
        let clock = TracedClock(start: 0, end: 1000, aheadAtStart: hour, aheadAtEnd: hour + 2)
        let summary = TraceSummary(unequal(clock, ahead: hour), clockError: 1, lostCount: 0)
        #expect(summary.slowest?.rank == 1)
        #expect(abs((summary.slowest?.waitedSeconds ?? 0) - 380e-9) <= 2e-9)
    }

    @Test func timesStayInOrderHoweverClocksDrift() {
        let clock = TracedClock(start: 50, end: 60, aheadAtStart: -1000, aheadAtEnd: 1000)
        let times = (-2000...2000).map { clock.time($0) }
        #expect(times == times.sorted() && times[0] == 0)
    }

    /// The first sender of a broadcast goes on before the last rank has come.
    @Test func whoeverWentOnDidNotWait() {
        let ranks = [
            rank(0, [TraceEvent(.collective, 0, from: 0, to: 10)]),
            rank(1, [TraceEvent(.collective, 0, from: 500, to: 510)]),
        ]
        #expect(TraceSummary(ranks, clockError: 0, lostCount: 0).slowest == nil)
    }

    @Test func aSummaryIsReadBack() throws {
        let summary = TraceSummary(unequal(), clockError: 12, lostCount: 3)
        let json = try JSONValue(parsing: Array(summary.json.text().utf8), at: "summary")
        #expect(TraceSummary(json) == summary)
        #expect(TraceSummary(.object(["steps": .integer(1)])) == nil)
        #expect(TraceSummary(.array([])) == nil)
    }

    /// Names of hosts are not ours: they are written as JSON wants them.
    @Test func anArrowHasBothEnds() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("trace-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var ranks = unequal()
        ranks.append(
            TracedRank(
                rank: 2, host: "a\"\\\u{1}b", island: 1,
                events: [TraceEvent(.step, 1, from: 3, to: 1_234_567)], clock: clock))
        try TraceFile.write(ranks, to: path)
        let bytes = try Array(Data(contentsOf: URL(filePath: path)))
        let events = try #require(
            try JSONValue(parsing: bytes, at: path)["traceEvents"]?.array)
        let arrows = events.filter { $0["cat"]?.string == "arrow" }
        #expect(arrows.compactMap { $0["ph"]?.string } == ["s", "f", "s", "f"])
        #expect(arrows.compactMap { $0["pid"]?.integer } == [1, 0, 0, 1])
        #expect(arrows[0]["ts"]?.double == 0.7 && arrows[1]["ts"]?.double == 0.719)
        #expect(events.contains { $0["args"]?["name"]?.string == "rank 2 on a\"\\\u{1}b" })
        #expect(events.contains { $0["dur"]?.double == 1234.564 })
    }
}
