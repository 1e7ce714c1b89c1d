import Collectives
import JSON
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
