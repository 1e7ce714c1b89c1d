import Datasets
import Testing

@Suite struct TokenBatchTests {
    private let batch = TokenBatch([
        TokenExample(inputs: [1, 2], targets: [-1, 3]),
        TokenExample(inputs: [4, 5, 6, 7], targets: [5, -1, 7, 8]),
        TokenExample(inputs: [9], targets: [-1]),
    ])

    @Test func shorterExamplesAreFilledUpWithWhatDoesNotCount() {
        #expect(batch.inputs == [1, 2, 0, 0, 4, 5, 6, 7, 9, 0, 0, 0])
        #expect(batch.targets == [-1, 3, -1, -1, 5, -1, 7, 8, -1, -1, -1, -1])
        #expect((batch.sequenceCount, batch.sequenceLength) == (3, 4))
    }

    @Test func partIsAsWideAsItsLongestSequenceWhateverStandsBeside() {
        #expect(batch.longest(of: 0..<1) == 2)
        #expect(batch.longest(of: 0..<2) == 4)
        #expect(batch.longest(of: 2..<3) == 1)
    }

    @Test func targetsBelowZeroAreNotCounted() {
        #expect(batch.countedTargets(of: 0..<3) == 4)
        #expect(batch.countedTargets(of: 2..<3) == 0)
    }
}
