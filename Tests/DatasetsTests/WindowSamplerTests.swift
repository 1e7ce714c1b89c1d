import Datasets
import TemporaryFolders
import Testing

@Suite struct WindowSamplerTests {
    @Test(arguments: [1, 2, 3, 5, 16, 17, 255, 256, 257, 1000, 4097])
    func permutationIsABijection(count: Int) {
        for epoch in 0..<3 {
            let permutation = KeyedPermutation(count: count, seed: 42, epoch: epoch)
            #expect((0..<count).map { permutation[$0] }.sorted() == Array(0..<count))
        }
    }

    /// Over many keys each index goes everywhere equally often, as does the pair of the first two.
    @Test func permutationsOfManyKeysAreEven() {
        let (count, keyCount) = (5, 4000)
        var singles = [Int](repeating: 0, count: count * count)
        var pairs = [Int](repeating: 0, count: count * count)
        for key in 0..<keyCount {
            let permutation = KeyedPermutation(
                count: count, seed: UInt64(key % 50), epoch: key / 50)
            for index in 0..<count { singles[index * count + permutation[index]] += 1 }
            pairs[permutation[0] * count + permutation[1]] += 1
        }
        // Six standard deviations of a binomial count.
        #expect(singles.allSatisfy { abs($0 - 800) < 6 * 26 })
        for (place, pair) in pairs.enumerated() where place / count != place % count {
            #expect(abs(pair - 200) < 6 * 14)
        }
    }

    @Test func permutationLeavesNoTraceOfTheOrder() {
        let permutation = KeyedPermutation(count: 10_000, seed: 0, epoch: 0)
        let images = (0..<10_000).map { permutation[$0] }
        let neighbours = zip(images, images.dropFirst()).filter { abs($0 - $1) == 1 }
        #expect(neighbours.count < 20)
        #expect(images.enumerated().filter { $0.offset == $0.element }.count < 12)
        let firstHalf = images[..<5000].filter { $0 < 5000 }.count
        #expect(abs(firstHalf - 2500) < 300)
    }

    @Test func seedAndEpochGiveOtherOrders() throws {
        let orders = [(0, 0), (0, 1), (1, 0), (1, 1)].map { (seed: UInt64, epoch: Int) in
            let permutation = KeyedPermutation(count: 100, seed: seed, epoch: epoch)
            return (0..<100).map { permutation[$0] }
        }
        #expect(Set(orders).count == 4)
    }

    /// The order is part of the promise that a resumed run takes the same windows.
    @Test func orderOfAKeyNeverChanges() {
        let permutation = KeyedPermutation(count: 10, seed: 1337, epoch: 2)
        #expect((0..<10).map { permutation[$0] } == [5, 3, 4, 0, 9, 2, 6, 8, 1, 7])
    }

    @Test func windowsAreCountedByTheFormula() throws {
        func count(_ tokenCount: Int) throws -> Int { try sampler(tokenCount).windowCount }
        #expect(try count(5) == 1)
        #expect(try count(8) == 1)
        #expect(try count(9) == 2)
        #expect(try sampler(9).tokenRange(ofWindow: 1) == 4..<9)
    }

    @Test(arguments: [0, 1, 4]) func textShorterThanOneWindowIsRefused(tokenCount: Int) {
        let line = failureLine { _ = try sampler(tokenCount) }
        #expect(
            line.hasPrefix(
                "the text is shorter than one window: expected at least 5 tokens, got \(tokenCount)"
            ))
    }

    @Test func withoutShuffleWindowsComeInFileOrder() throws {
        let sampler = try sampler(4 * 5 + 1, batch: 3, order: .inOrder)
        #expect(sampler.windows(step: 0, sequences: 0..<3) == [0, 1, 2])
        #expect(sampler.windows(step: 1, sequences: 0..<3) == [3, 4, 0])
        #expect(sampler.windows(step: 1, sequences: 1..<3) == [4, 0])
        #expect(sampler.window(step: 3, sequence: 1) == 0)
    }

    @Test func everyEpochTakesEveryWindowOnceAlsoWhereAStepStraddles() throws {
        let sampler = try sampler(4 * 7 + 2, batch: 3, order: .shuffled)
        let taken = (0..<14).flatMap { sampler.windows(step: $0, sequences: 0..<3) }
        let epochs = (0..<6).map { Array(taken[$0 * 7..<$0 * 7 + 7]) }
        for epoch in epochs { #expect(epoch.sorted() == Array(0..<7)) }
        #expect(Set(epochs).count > 1)
        #expect(sampler.stepCount(epochs: 3) == 7)
        #expect(sampler.stepCount(epochs: 1) == 3)
    }

    @Test func ranksTakeThePartsOfOneBatch() throws {
        let sampler = try sampler(4 * 7 + 2, batch: 6, order: .shuffled)
        for step in 0..<5 {
            let parts = [0..<1, 1..<4, 4..<6].flatMap { sampler.windows(step: step, sequences: $0) }
            #expect(parts == sampler.windows(step: step, sequences: 0..<6))
        }
    }

    private func sampler(_ tokenCount: Int, batch: Int = 2, order: WindowOrder = .shuffled) throws
        -> WindowSampler
    {
        try WindowSampler(
            tokenCount: tokenCount, sequenceLength: 4, globalBatchSize: batch, seed: 7,
            order: order)
    }
}
