import Diagnostics
import Tensors
import Testing

@Suite struct RankTraceTests {
    @Test func nothingIsRecordedBeforeAndAfter() throws {
        let trace = RankTrace(threadCount: 1)
        let track: TraceTrack? = trace.training
        track.measure(.forward) {}
        trace.open()
        #expect(track.measure(.backwardBlock, 3) { 5 } == 5)
        trace.close()
        track.measure(.optimizer) {}
        let events = trace.events
        #expect(events.count == 1 && trace.lostCount == 0)
        #expect(events[0].kind == .backwardBlock && events[0].number == 3)
        #expect(events[0].end > events[0].start && events[0].row == 0)
        let none: TraceTrack? = nil
        #expect(none.measure(.data) { 7 } == 7)
    }

    @Test func errorsPassAndEndTheirEvents() {
        struct Broken: Error {}
        let trace = RankTrace(threadCount: 1)
        trace.open()
        let track: TraceTrack? = trace.training
        #expect(throws: Broken.self) { try track.measure(.data) { throw Broken() } }
        #expect(trace.events.map(\.kind) == [.data])
    }

    @Test func whatHasNoRoomIsCounted() {
        let trace = RankTrace(threadCount: 1)
        trace.open()
        let track: TraceTrack? = trace.reader
        for step in 0..<70_000 { track.measure(.reading, step) {} }
        #expect(trace.events.count == 1 << 16)
        #expect(trace.lostCount == 70_000 - 1 << 16)
    }

    /// Every thread of the pool has a row, whose events follow each other.
    @Test func threadsOfThePoolLeaveWhatTheyDid() {
        let device = Device(threadCount: 3, isTraced: true)
        device.trace?.open()
        for _ in 0..<200 {
            device.threads.forEach(3) { _ in
                let end = ContinuousClock.now + .microseconds(200)
                while ContinuousClock.now < end {}
            }
        }
        let events = device.trace?.events ?? []
        #expect(Set(events.map(\.row)).isSubset(of: [3, 4]) && !events.isEmpty)
        for row in Dictionary(grouping: events, by: \.row).values {
            #expect(zip(row, row.dropFirst()).allSatisfy { $0.end <= $1.start })
            #expect(row.allSatisfy { $0.kind == .compute })
        }
    }
}
