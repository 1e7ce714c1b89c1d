import Tensors
import Testing

/// Which way of multiplying is taken, from made-up times.
@Suite struct ProductTimesTests {
    private let usual = ProductKernels(floats: .oneDNN)

    @Test(arguments: [
        // Ten per cent in three rounds.
        ([1.1, 1.1, 1.1], true), ([2, 3, 4], true),
        // Not in all of them, or not as much.
        ([2, 2, 1.09], false), ([1.05, 1.05, 1.05], false), ([0.5, 0.5, 0.5], false),
        ([1, 5, 5], false),
    ])
    func anotherWayMustWinByTenPerCentInThreeRounds(gains: [Double], isTaken: Bool) {
        let times = ProductTimes([
            .floats(.oneDNN): gains, .floats(.openBLAS): [1, 1, 1],
            .bfloat16: gains, .widened(.oneDNN): [1, 1, 1], .widened(.openBLAS): [1, 1, 1],
        ])
        let choice = times.choice(insteadOf: usual)
        #expect(choice.floats == (isTaken ? .openBLAS : .oneDNN))
        #expect(choice.widensBFloat16 == isTaken)
        // The other way round, OpenBLAS is the usual one.
        let other = times.choice(insteadOf: ProductKernels(floats: .openBLAS))
        #expect(other.floats == (gains.allSatisfy { $0 <= 0.5 } ? .oneDNN : .openBLAS))
    }

    @Test func wideningIsByTheLibraryThatMultipliesFloats() {
        let times = ProductTimes([
            .floats(.oneDNN): [1, 1, 1], .floats(.openBLAS): [1, 1, 1],
            .bfloat16: [2, 2, 2], .widened(.oneDNN): [3, 3, 3], .widened(.openBLAS): [1, 1, 1],
        ])
        #expect(times.choice(insteadOf: usual) == usual)
        let other = ProductKernels(floats: .openBLAS)
        #expect(times.choice(insteadOf: other).widensBFloat16)
    }

    @Test func whatWasNotMeasuredIsNotTaken() {
        #expect(ProductTimes([:]).choice(insteadOf: usual) == usual)
        let times = ProductTimes([.floats(.oneDNN): [1, 1, 1], .bfloat16: [1, 1, 1]])
        #expect(times.choice(insteadOf: usual) == usual)
        #expect(times.gflops(.floats(.openBLAS)) == nil)
    }

    @Test func timesSurviveTheirWayToOtherRanks() {
        let times = ProductTimes([
            .floats(.openBLAS): [1, 2, 3], .bfloat16: [4, 5, 6], .widened(.oneDNN): [7, 8, 9],
        ])
        #expect(ProductTimes(flat: times.flat) == times)
    }

    /// One rank alone would take the other way; the slowest decides for all.
    @Test func theSlowestRankDecides() {
        let one = ProductTimes([.bfloat16: [4, 4, 4], .widened(.oneDNN): [1, 1, 1]])
        let two = ProductTimes([.bfloat16: [2, 2, 2], .widened(.oneDNN): [5, 5, 5]])
        let slowest = ProductTimes(flat: zip(one.flat, two.flat).map(max))
        #expect(one.choice(insteadOf: usual).widensBFloat16)
        #expect(!slowest.choice(insteadOf: usual).widensBFloat16)
    }

    @Test func aMeasurementHasAllThatThisProcessorHas() {
        let times = ProductTimes.measure()
        #expect(ProductCandidate.measurable.allSatisfy { times.gflops($0) ?? 0 > 0 })
        let canWiden = [ProductCandidate.widened(.oneDNN), .widened(.openBLAS)]
            .contains { times.gflops($0) != nil }
        #expect(canWiden == ComputeKernels.hasBFloat16)
        #expect(ProductKernels.possible.contains(times.choice(insteadOf: .usual)))
    }
}
