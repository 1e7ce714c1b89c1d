import Collectives
import JSON
import Tensors
import Testing
import TinyTrainings
import Training

@Suite struct OuterOptimizerTests {
    /// The cases in which both islands do the same, on one that is alone: what is averaged is its own.
    @Test func oneIslandTakesTheOuterStepsOfTheReference() throws {
        let cases = try MockedIslands().cases.filter { $0.gradients == [2, 2] }
        #expect(cases.count == 6)
        for one in cases {
            let islands = try Islands(alone: SingleProcess())
            let error = try MockedIslands.largestError(of: one, .fp32, islands: islands)
            #expect(error == 0, "\(one.name)")
        }
    }

    /// One weight, whose gradient is 1 in each step; it meets after each step, and by hand:
    ///
    ///     m = momentum * min(1, rate / rate before),   b = m b + g,   w = w - outer rate (g + m b)
    @Test func momentumFallsWithTheLearningRateOfTheInnerSteps() throws {
        var options = OuterOptions()
        (options.everySteps, options.fragmentCount, options.delaySteps) = (1, 1, 0)
        var rates = OptimizerOptions()
        (rates.schedule, rates.warmupSteps, rates.learningRate) = (.linear, 2, 1)
        let schedule = LearningRateSchedule(rates, stepCount: 6)
        let device = Device(threadCount: 1)
        let list = ParameterList(ParameterLayout([("weight", [1])]), device: device)
        device.fill(list.values, with: 0)
        let islands = try Islands(alone: SingleProcess())
        let outer = try OuterOptimizer(
            options, parameters: list, sharesWeights: false, stepCount: .max, inner: schedule,
            islands: islands)
        var (weight, buffer) = (0.0, 0.0)
        for step in 1...6 {
            let rate = schedule.value(at: step - 1)
            let share = step > 1 ? min(1, rate / schedule.value(at: step - 2)) : 1
            list.values.pointer[0] -= Float(rate)
            _ = try outer.advance(to: step)
            buffer = 0.9 * share * buffer + rate
            weight -= 0.7 * (rate + 0.9 * share * buffer)
            #expect(abs(Double(outer.commonValues[0]) - weight) < 1e-5, "step \(step)")
        }
    }

    /// Fragments whose step is not due come together as they are, whatever momentum they have.
    @Test func theLastStepOfARunTakesTheAverage() throws {
        var options = OuterOptions()
        (options.everySteps, options.fragmentCount, options.delaySteps) = (10, 1, 0)
        let device = Device(threadCount: 1)
        let list = ParameterList(ParameterLayout([("weight", [1])]), device: device)
        device.fill(list.values, with: 0)
        let outer = try OuterOptimizer(
            options, parameters: list, sharesWeights: false, stepCount: 13,
            islands: Islands(alone: SingleProcess()))
        for step in 1...13 {
            list.values.pointer[0] -= 1
            _ = try outer.advance(to: step)
        }
        // 10 steps, of which 0.7 (1 + 0.9); and 3 more.
        #expect(abs(outer.commonValues[0] + 13.3 + 3) < 1e-4)
    }

    @Test func theCountsOfIslandsComeBackFromACheckpoint() throws {
        var state = TrainerState(step: 9, laneCount: 4)
        #expect(state.json["islands"] == nil)
        state.islands = IslandCounts(updateCounts: [8, 9], skippedInARow: [1, 0])
        #expect(try TrainerState(json: state.json, at: "a file") == state)
    }

    @Test(arguments: [
        #"{"update_counts": [], "skipped_in_a_row": []}"#,
        #"{"update_counts": [1, 2], "skipped_in_a_row": [0]}"#,
        #"{"update_counts": [1, -2], "skipped_in_a_row": [0, 0]}"#, "7",
    ]) func countsThatAreNoneAreRefused(text: String) throws {
        let json = try JSONValue(parsing: Array(text.utf8), at: "a file")
        #expect(throws: (any Error).self) { try IslandCounts(json: json, at: "a file") }
    }
}
