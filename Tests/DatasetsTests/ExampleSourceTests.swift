import Datasets
import Diagnostics
import Testing

@Suite struct ExampleSourceTests {
    /// Examples of lengths that look like chance.
    private func source(
        _ count: Int, batch: Int, seed: UInt64 = 7, isShuffled: Bool = true, windowSize: Int = 16
    ) throws -> ExampleSource {
        let order = KeyedPermutation(count: 64, seed: 3, epoch: 0)
        let conversations = (0..<count).map { index in
            Letters.conversation(
                String(repeating: "q", count: 1 + order[index % 64]), "\(index)",
                place: "f, line \(index + 1)")
        }
        return ExampleSource(
            try Letters.encoder(100).encode(conversations), globalBatchSize: batch, seed: seed,
            isShuffled: isShuffled, windowSize: windowSize)
    }

    private func indices(_ source: ExampleSource, steps: Range<Int>) -> [Int] {
        steps.flatMap { source.indices(step: $0, sequences: 0..<source.globalBatchSize) }
    }

    @Test(arguments: [(100, 4), (103, 4), (7, 16), (1, 3), (640, 8), (33, 33)])
    func everyEpochHoldsEveryExampleOnce(count: Int, batch: Int) throws {
        let source = try source(count, batch: batch)
        let epochs = 3
        let all = indices(source, steps: 0..<(epochs * count + batch - 1) / batch)
        for epoch in 0..<epochs {
            #expect(all[epoch * count..<(epoch + 1) * count].sorted() == Array(0..<count))
        }
        #expect(source.sequenceCount == count)
    }

    @Test func aRankReadsItsPartOfTheSameBatch() throws {
        let source = try source(103, batch: 12)
        for step in [0, 8, 9, 40] {
            let all = source.indices(step: step, sequences: 0..<12)
            #expect(source.indices(step: step, sequences: 5..<9) == Array(all[5..<9]))
            let batch = try source.batch(step: step, sequences: 5..<9)
            #expect(batch == TokenBatch(all[5..<9].map { source.exampleSet.examples[$0] }))
            #expect(source.place(step: step, sequence: 6) == "f, line \(all[6] + 1)")
        }
    }

    /// Lengths from 3 to 68: in random batches of 8 a third would be padding.
    @Test func littleOfABatchIsPadding() throws {
        func padding(_ source: ExampleSource) throws -> Double {
            var (filled, all) = (0, 0)
            for step in 0..<80 {
                let batch = try source.batch(step: step, sequences: 0..<8)
                filled += batch.lengths.reduce(0, +)
                all += batch.sequenceCount * batch.sequenceLength
            }
            return 1 - Double(filled) / Double(all)
        }
        #expect(try padding(source(640, batch: 8)) < 0.08)
        #expect(try padding(source(640, batch: 8, isShuffled: false)) > 0.25)
    }

    @Test func shortAndLongBatchesTakeTurns() throws {
        let source = try source(640, batch: 8)
        let lengths = try (0..<16).map {
            try source.batch(step: $0, sequences: 0..<8).sequenceLength
        }
        #expect(lengths != lengths.sorted())
        #expect(lengths != lengths.sorted(by: >))
    }

    /// Within a window of one step, what a batch holds is chance, and only its order is that of lengths.
    @Test func aWindowOfOneStepKeepsBatchesMixed() throws {
        func lengths(_ source: ExampleSource) throws -> [[Int]] {
            try (0..<80).map { try source.batch(step: $0, sequences: 0..<8).lengths }
        }
        func spread(_ lengths: [[Int]]) -> Int {
            let sums = lengths.map { $0.reduce(0, +) }
            return (sums.max() ?? 0) - (sums.min() ?? 0)
        }
        let mixed = try source(640, batch: 8, windowSize: 1)
        #expect(try lengths(mixed).allSatisfy { $0 == $0.sorted() })
        #expect(try 2 * spread(lengths(mixed)) < spread(lengths(source(640, batch: 8))))
        #expect(indices(mixed, steps: 0..<80).sorted() == Array(0..<640))
    }

    @Test func seedAndEpochGiveOtherOrders() throws {
        let first = try source(96, batch: 8)
        #expect(indices(first, steps: 0..<12) == indices(try source(96, batch: 8), steps: 0..<12))
        #expect(indices(first, steps: 0..<12) != indices(first, steps: 12..<24))
        let other = try source(96, batch: 8, seed: 8)
        #expect(indices(first, steps: 0..<12) != indices(other, steps: 0..<12))
    }

    @Test func withoutShufflingTheFileDecides() throws {
        let source = try source(10, batch: 4, isShuffled: false)
        #expect(indices(source, steps: 0..<5) == (0..<20).map { $0 % 10 })
    }

    @Test(arguments: [(10, 0.1, 1), (10, 0.0, 0), (3, 0.01, 1), (1100, 0.05, 55)])
    func aSplitHoldsOutAFraction(count: Int, fraction: Double, held: Int) throws {
        let split = try ExampleSplit(count: count, fraction: fraction, seed: 1)
        #expect(split.validation.count == held)
        #expect((split.train + split.validation).sorted() == Array(0..<count))
        #expect(split == (try ExampleSplit(count: count, fraction: fraction, seed: 1)))
    }

    @Test func aSplitDependsOnTheSeedAndLeavesSomethingToLearn() throws {
        let splits = try (0..<4).map { try ExampleSplit(count: 100, fraction: 0.1, seed: $0) }
        #expect(Set(splits.map(\.validation)).count == 4)
        #expect(throws: Failure.self) { try ExampleSplit(count: 1, fraction: 0.1, seed: 0) }
    }
}
