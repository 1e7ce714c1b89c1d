import Diagnostics
import Testing

@Suite struct FailureTests {
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
