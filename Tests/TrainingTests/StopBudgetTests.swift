import Testing
import Training

/// What a stop does with the time that it has.
@Suite struct StopBudgetTests {
    private func budget(_ left: Double?, _ save: Double, _ underWay: Double?) -> StopBudget {
        StopBudget(secondsLeft: left, saveSeconds: save, secondsUnderWay: underWay)
    }

    @Test(
        arguments: [
            // Without a limit, and with nothing under way, the step is saved in any case.
            (nil, 40, 5, .save), (nil, 40, nil, .save), (60, 40, nil, .save), (10, 40, nil, .save),
            // Both fit: 35 s and 40 s.
            (75, 40, 5, .save), (74, 40, 5, .saveInstead),
            // One fits, from the beginning.
            (40, 40, 39, .saveInstead), (40, 40, 0, .saveInstead),
            // None does: the one that is further is completed.
            (39, 40, 0, .complete), (5, 40, 39, .complete), (-1, 40, 39, .complete),
            // One that takes longer than expected is not at its end at once.
            (50, 40, 200, .save), (49, 40, 200, .saveInstead),
        ] as [(Double?, Double, Double?, StopBudget.Choice)])
    func theTimeDecides(
        left: Double?, save: Double, underWay: Double?, choice: StopBudget.Choice
    ) {
        #expect(budget(left, save, underWay).choice == choice)
    }

    @Test func whatCostsStepsIsTold() {
        #expect(budget(nil, 40, 5).note(step: 9, other: 5) == nil)
        #expect(budget(100, 40, 5).note(step: 9, other: 5) == nil)
        #expect(
            budget(10, 40, nil).note(step: 9, other: nil)
                == "10.0 s are left of checkpoint.stop_seconds, and a checkpoint takes about 40.0 s: "
                + "it may not be saved in time")
        #expect(
            budget(41, 40, 5).note(step: 9, other: 5)?.hasSuffix(
                "that of step 5, which was under way, gives way to step 9") == true)
        #expect(
            budget(-3, 40, 5).note(step: 9, other: 5)
                == "0.0 s are left of checkpoint.stop_seconds, and a checkpoint takes about 40.0 s: "
                + "step 9 is not saved, that of step 5 is completed")
    }
}
