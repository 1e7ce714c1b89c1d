import Diagnostics
import Testing

@Suite struct FailureTests {
    @Test func textOfHostileFilesNeitherFloodsNorCommandsATerminal() {
        let failure = Failure(
            "wrong", got: "\u{1B}[2J\u{9B}a\tb", at: String(repeating: "x", count: 1 << 20))
        #expect(failure.line.hasPrefix("wrong: got \u{FFFD}[2J\u{FFFD}a\u{FFFD}b (xxx"))
        #expect(failure.line.utf8.count < 1 << 14)
        #expect(failure.line.hasSuffix("x ...)"))
    }

    @Test func lineTellsWhatExpectedGotWhereAndRemedy() {
        let failure = Failure(
            "the head count does not divide the width", expected: "a divisor of 128", got: "3",
            at: "model.head_count", remedy: "use 1, 2, 4 or 8", kind: .usage)
        #expect(
            failure.line
                == "the head count does not divide the width: expected a divisor of 128, got 3 "
                + "(model.head_count); use 1, 2, 4 or 8")
        #expect(failure.exitCode == 64)
    }

    @Test func partsThatAreMissingLeaveNoTrace() {
        #expect(Failure("cannot read the file", at: "a.txt").line == "cannot read the file (a.txt)")
        #expect(Failure("the disk is full").line == "the disk is full")
        #expect(Failure("the disk is full").exitCode == 1)
    }
}
