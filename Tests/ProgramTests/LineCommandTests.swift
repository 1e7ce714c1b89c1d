import FineTuning
import JSON
import Testing

/// What a command writes, line by line.
@Suite struct LineCommandTests {
    private static let texts = ["a\u{2028}b", "a\u{2029}b", "a\u{85}b", "c"]
    private static let lines = texts.map { "{\"text\": \"\($0)\"}" }

    /// Breaks of Unicode stand raw in texts of JSON, as many programs write them.
    @Test(arguments: ["cat", #"sed 's/$/\r/'"#, #"sed 's/$/\r\n\r/'"#])
    func aLineEndsWithALineFeed(command: String) throws {
        let result = try LineCommand(command, seconds: 60).answers(to: Self.lines) {
            $0["text"]?.string
        }
        #expect(result.found == Self.texts, "\(result.problem)")
    }

    @Test func theFirstLineWithoutAnAnswerIsShown() throws {
        let result = try LineCommand(#"sed 's/.*c.*/none\r/'"#, seconds: 60).answers(
            to: Self.lines
        ) { $0["text"]?.string }
        #expect(result.found == Self.texts.dropLast())
        #expect(result.problem == "the line none")
    }
}
