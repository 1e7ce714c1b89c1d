import Collectives
import Diagnostics
import Testing

@Suite struct AgreementTests {
    static let full = Failure(
        "cannot read", expected: "8 bytes", got: "7", at: "größe.h5", remedy: "write it again",
        kind: .usage)

    @Test(arguments: [
        full, Failure(""), Failure("a", got: ""), Failure("b", at: "c"), Failure("d", remedy: "e"),
    ])
    func failuresSurviveTheWayAsBytes(failure: Failure) {
        #expect(Failure(encoded: failure.encoded) == failure)
    }

    @Test func noBytesAreNoFailure() {
        #expect(Failure(encoded: []) == nil)
    }

    @Test func lowestFailingRankSpeaks() {
        let agreed = AgreedFailure(outcomes: [nil, Failure("b"), Failure("c")])
        #expect(agreed == AgreedFailure(Failure("b"), rank: 1, isEverywhere: false))
        #expect(AgreedFailure(outcomes: [nil, nil]) == nil)
    }

    @Test func onlyEqualLinesOnAllRanksAreEverywhere() {
        let same = AgreedFailure(outcomes: [Failure("a"), Failure("a")])
        #expect(same == AgreedFailure(Failure("a"), rank: 0, isEverywhere: true))
        let different = AgreedFailure(outcomes: [Failure("a"), Failure("b")])
        #expect(different == AgreedFailure(Failure("a"), rank: 0, isEverywhere: false))
    }

    @Test func successReturnsTheRanksOwnValue() throws {
        #expect(try SingleProcess().agree { 42 } == 42)
    }

    @Test func failureOfTheOnlyRankIsEverywhere() {
        let expected = AgreedFailure(Self.full, rank: 0, isEverywhere: true)
        #expect(throws: expected) { try SingleProcess().agree { throw Self.full } }
    }

    @Test func agreedFailureIsPrintedByRankZeroAlone() {
        let agreed = AgreedFailure(Self.full, rank: 3, isEverywhere: false)
        let first = ErrorReport(agreed, rank: 0, worldSize: 4)
        #expect(first.line == "swift-llm-train: rank 3: " + Self.full.line)
        #expect(first.exitCode == 64)
        #expect(first.isPrintedHere && first.isAgreed)
        #expect(!ErrorReport(agreed, rank: 3, worldSize: 4).isPrintedHere)
    }

    @Test func errorOfOneRankIsPrintedThereAndEndsTheOthers() {
        struct Torn: Error {}
        let report = ErrorReport(Torn(), rank: 2, worldSize: 4)
        #expect(report.line == "swift-llm-train: rank 2: Torn()")
        #expect(report.exitCode == 1)
        #expect(report.isPrintedHere && !report.isAgreed)
    }

    @Test func onlyRankHasNoNumber() {
        let report = ErrorReport(Failure("a"), rank: 0, worldSize: 1)
        #expect(report.line == "swift-llm-train: a")
        #expect(report.isAgreed)
    }
}
