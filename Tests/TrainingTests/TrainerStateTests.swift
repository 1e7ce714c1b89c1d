import JSON
import ModelFiles
import TemporaryFolders
import Testing
import Training

@Suite struct TrainerStateTests {
    @Test func roundTripKeepsEverything() throws {
        var state = TrainerState(
            step: 120, tokenCount: 1 << 40, updateCount: 117, skippedInARow: 2, laneCount: 6,
            kernels: "some")
        #expect(state.note(validationLoss: 1.1) && !state.note(validationLoss: 1.5))
        let text = state.json.text(isPretty: true)
        let again = try TrainerState(
            json: JSONValue(parsing: Array(text.utf8), at: "state"), at: "state")
        #expect(again == state)
    }

    @Test(arguments: [1.5, -.infinity, nil]) func aStateKeepsItsValidationLoss(loss: Double?) throws
    {
        var state = TrainerState(laneCount: 1)
        state.validationLoss = loss
        let isBest = state.note(validationLoss: .nan)
        let text = state.json.text()
        let again = try TrainerState(
            json: JSONValue(parsing: Array(text.utf8), at: "state"), at: "state")
        #expect(!isBest && again == state && again.validationsWithoutGain == 1)
    }

    @Test func theLowestLossIsTheBestAndOthersAreCounted() {
        var state = TrainerState(laneCount: 1)
        let losses = [.infinity, 3, 2, 2, .nan, 2.5, 1]
        let found = losses.map { loss in
            state.step += 10
            return (isBest: state.note(validationLoss: loss), waits: state.validationsWithoutGain)
        }
        #expect(found.map(\.isBest) == [false, true, true, false, false, false, true])
        #expect(found.map(\.waits) == [1, 0, 0, 1, 2, 3, 0])
        #expect(state.best == TrainerState.Best(loss: 1, step: 70))
    }

    static let sound = """
        {"format_version":1,"step":3,"tokens":96,"update_count":2,"skipped_in_a_row":0,"lanes":4}
        """

    @Test(arguments: [
        ("\"step\":3", "\"step\":-1", "a wrong step: expected a number from 0, got -1"),
        ("\"step\":3", "\"step\":3.5", "a wrong step: expected a number from 0, got 3.5"),
        ("\"step\":3", "\"step\":\"3\"", "a wrong step: expected a number from 0, got \"3\""),
        ("\"step\":3,", "", "a wrong step: expected a number from 0, got nothing"),
        ("\"step\":3", "\"step\":1e30", "a wrong step: expected a number from 0, got 1e+30"),
        ("\"tokens\":96", "\"tokens\":-1", "a wrong tokens: expected a number from 0, got -1"),
        (
            "\"tokens\":96", "\"tokens\":1152921504606846977",
            "a wrong tokens: expected at most 1152921504606846976"
        ),
        ("\"update_count\":2", "\"update_count\":null", "a wrong update_count"),
        ("\"skipped_in_a_row\":0", "\"skipped_in_a_row\":[0]", "a wrong skipped_in_a_row"),
        ("\"lanes\":4", "\"lanes\":0", "a wrong lanes: expected a number from 1, got 0"),
        ("\"step\":3", "\"step\":2147483648", "a wrong step: expected at most 2147483647"),
        ("_version\":1", "_version\":2", "another format: expected 1, got 2"),
    ])
    func hostileStatesAreRefused(part: String, other: String, message: String) throws {
        let text = Self.sound.replacing(part, with: other)
        let json = try JSONValue(parsing: Array(text.utf8), at: "state")
        let line = failureLine { _ = try TrainerState(json: json, at: "the/place") }
        #expect(line.contains("the trainer state has \(message)"), "\(line)")
        #expect(line.contains("(the/place)"))
    }

    @Test(arguments: ["[]", "null", "3", "\"step\""])
    func whatIsNoObjectIsRefused(text: String) throws {
        let json = try JSONValue(parsing: Array(text.utf8), at: "state")
        let line = failureLine { _ = try TrainerState(json: json, at: "the/place") }
        #expect(line.contains("got nothing"))
    }
}
