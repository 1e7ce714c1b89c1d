import Diagnostics
import Testing
import Training

@Suite struct OuterScheduleTests {
    private func schedule(_ everySteps: Int, _ fragments: Int, _ delay: Int) -> OuterSchedule {
        var options = OuterOptions()
        (options.everySteps, options.fragmentCount, options.delaySteps) = (
            everySteps, fragments, delay
        )
        return OuterSchedule(options)
    }

    @Test func everyFragmentMeetsOnceInAPeriodAtEqualDistances() {
        let due = (0...20).map { schedule(10, 2, 0).due(after: $0) }
        #expect(due.indices.filter { due[$0] == 0 } == [5, 15])
        #expect(due.indices.filter { due[$0] == 1 } == [10, 20])
        #expect(due.count { $0 == nil } == 17)
    }

    @Test(arguments: [(50, 4), (7, 3), (3, 3), (10, 1)]) func periodsThatDoNotDivideStillMeetOnce(
        everySteps: Int, fragments: Int
    ) {
        let schedule = schedule(everySteps, fragments, 0)
        for fragment in 0..<fragments {
            let steps = (1...3 * everySteps).filter { schedule.due(after: $0) == fragment }
            #expect(steps.count == 3)
            #expect(zip(steps, steps.dropFirst()).allSatisfy { $1 - $0 == everySteps })
        }
    }

    @Test func aFragmentSetsOutSoManyStepsBeforeAndIsUnderWayUntilThen() {
        let schedule = schedule(10, 2, 3)
        let steps = 0...21
        #expect(steps.filter { schedule.starting(after: $0) != nil } == [2, 7, 12, 17])
        #expect(
            steps.filter { schedule.underWay(after: $0) != nil }
                == [2, 3, 4, 7, 8, 9, 12, 13, 14, 17, 18, 19])
        #expect(schedule.underWay(after: 8) == 1 && schedule.underWay(after: 13) == 0)
    }

    @Test(arguments: [(4, 5, 0, "outer.fragments"), (10, 2, 5, "outer.delay_steps")])
    func fragmentsThatWouldOvertakeEachOtherAreRefused(
        everySteps: Int, fragments: Int, delay: Int, key: String
    ) {
        var options = OuterOptions()
        (options.everySteps, options.fragmentCount, options.delaySteps) = (
            everySteps, fragments, delay
        )
        let failure = #expect(throws: Failure.self) { try options.validate() }
        #expect(failure?.line.contains(key) == true)
        #expect(failure?.exitCode == 64)
    }
}
