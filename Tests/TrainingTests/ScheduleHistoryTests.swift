import TemporaryFolders
import Testing
import Training

@Suite struct ScheduleHistoryTests {
    private func entry(from step: Int, steps: Int, lanes: Int = 2) -> ScheduleHistory.Entry {
        var optimizer = OptimizerOptions()
        optimizer.schedule = .linear
        return ScheduleHistory.Entry(
            firstStep: step, stepCount: steps, laneCount: lanes, optimizer: optimizer)
    }

    @Test func aStepHasTheScheduleThatHeldWhenItWasComputed() throws {
        var history = ScheduleHistory()
        #expect(history.entry(ofStep: 0) == nil)
        history.begin(entry(from: 0, steps: 20))
        history.begin(entry(from: 5, steps: 8))
        #expect(history.entry(ofStep: 4)?.stepCount == 20)
        #expect(history.entry(ofStep: 5)?.stepCount == 8)
        // What is the same goes on.
        history.begin(entry(from: 7, steps: 8))
        #expect(history.entries.count == 2)
        history.begin(entry(from: 8, steps: 8, lanes: 4))
        #expect(history.entry(ofStep: 9)?.laneCount == 4)
        // A start from an earlier step forgets what came after it.
        history.begin(entry(from: 3, steps: 20))
        #expect(history.entries.map(\.firstStep) == [0])
    }

    @Test func theHistoryReadsBackAndDamageIsNamed() throws {
        let folder = try TemporaryFolder()
        #expect(try ScheduleHistory(ofRun: folder.path).entries.isEmpty)
        let history = ScheduleHistory([entry(from: 0, steps: 20), entry(from: 5, steps: 8)])
        try history.write(toRun: folder.path)
        #expect(try ScheduleHistory(ofRun: folder.path) == history)
        try folder.write(#"{"format_version": 1, "schedules": [{}]}"#, to: "schedules.json")
        let line = failureLine { _ = try ScheduleHistory(ofRun: folder.path) }
        #expect(line.hasPrefix("the schedules of the run are damaged"))
    }
}
