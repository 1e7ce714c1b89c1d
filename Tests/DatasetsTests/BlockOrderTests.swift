import Datasets
import TemporaryFolders
import Testing

/// The order in which blocks of windows are visited, and what is read for it.
@Suite struct BlockOrderTests {
    private static let shapes: [(windows: Int, block: Int, lists: Int, size: Int)] = [
        (1, 4, 3, 2), (3, 4, 3, 2), (4, 4, 3, 2), (11, 4, 3, 1), (24, 4, 3, 2), (25, 4, 3, 2),
        (47, 4, 3, 2), (100, 4, 3, 2), (101, 3, 4, 2), (257, 5, 2, 3), (1000, 7, 8, 8),
        (1000, 1, 5, 1),
    ]

    private func order(_ shape: (windows: Int, block: Int, lists: Int, size: Int), seed: UInt64 = 7)
        -> BlockOrder
    {
        BlockOrder(
            windowCount: shape.windows, blockSize: shape.block, listCount: shape.lists,
            listSize: shape.size, seed: seed)
    }

    @Test(arguments: shapes) func everyEpochVisitsEveryWindowOnce(
        shape: (windows: Int, block: Int, lists: Int, size: Int)
    ) {
        let order = order(shape)
        for epoch in 0..<3 {
            let windows = (0..<shape.windows).map { order.visit($0, ofEpoch: epoch).window }
            #expect(windows.sorted() == Array(0..<shape.windows), "\(shape), epoch \(epoch)")
        }
    }

    /// The rank that holds a sequence is the only one that reads the block.
    @Test(arguments: shapes) func aBlockBelongsToOneSequenceOfTheBatch(
        shape: (windows: Int, block: Int, lists: Int, size: Int)
    ) {
        let order = order(shape)
        var sequences: [Int: Set<Int>] = [:]
        for index in 0..<shape.windows {
            let visit = order.visit(index, ofEpoch: 1)
            guard let block = visit.block else { continue }
            #expect(visit.window / shape.block == block)
            sequences[block, default: []].insert(index % shape.lists)
        }
        #expect(sequences.values.allSatisfy { $0.count == 1 })
        #expect(sequences.count >= shape.windows / shape.block / shape.lists * shape.lists)
    }

    /// The order is part of the promise that a resumed run takes the same windows.
    @Test func orderOfAKeyNeverChanges() {
        let order = order((22, 3, 2, 2), seed: 1337)
        #expect((0..<22).map { order.visit($0, ofEpoch: 2).window } == Self.kept)
    }

    private static let kept = [
        9, 6, 10, 8, 13, 18, 12, 20, 11, 19, 14, 7, 15, 5, 17, 3, 16, 4, 1, 2, 0, 21,
    ]

    @Test func seedEpochAndPlaceGiveOtherOrders() {
        let orders = [(1, 0), (1, 1), (2, 0)].map { (seed: UInt64, epoch: Int) in
            let order = order((1000, 10, 4, 4), seed: seed)
            return (0..<1000).map { order.visit($0, ofEpoch: epoch).window }
        }
        #expect(Set(orders).count == 3)
        // Two blocks are not permuted alike.
        let places = Dictionary(grouping: orders[0], by: { $0 / 10 }).values.map { windows in
            windows.map { $0 % 10 }
        }
        #expect(Set(places).count > 90)
    }

    /// Each step sees windows from all over the stream, whatever its batch size.
    @Test(arguments: [4, 64, 512]) func aStepIsSpreadOverTheStream(batch: Int) throws {
        let sampler = try WindowSampler(
            tokenCount: (1 << 20) * 128 + 1, sequenceLength: 128, globalBatchSize: batch, seed: 3,
            order: .blocks)
        let order = sampler.blockOrder
        #expect(order.listCount * order.listSize >= BlockOrder.minimumBlockCount)
        #expect(order.blockSize * 128 >= BlockOrder.minimumBlockTokenCount)
        // Over 64 steps the mean of the windows is that of chance, within four standard errors.
        let windows = (0..<64).flatMap { sampler.windows(step: 100 + $0, sequences: 0..<batch) }
        let mean = Double(windows.reduce(0, +)) / Double(windows.count) / Double(1 << 20)
        let blocks = Double(min(windows.count, order.listCount * order.listSize))
        #expect(abs(mean - 0.5) < 4 * 0.289 / blocks.squareRoot(), "\(mean)")
    }

    /// Ranks of any number see the batches of one, and a run that is resumed those that it would have.
    @Test func blocksGiveTheTokensOfTheirWindowsToAnyRanks() throws {
        let scratch = try Scratch()
        let tokens = (0..<5000).map { Int32($0 % 300) }
        try scratch.writeShard("train-00000.h5", documents: [Array(tokens[..<1700])])
        try scratch.writeShard("train-00001.h5", documents: [Array(tokens[1700...])])
        let stream = try TokenStream(resolving: scratch.path, split: .train)
        let sampler = try WindowSampler(
            tokenCount: 5000, sequenceLength: 4, globalBatchSize: 6, seed: 1, order: .blocks)
        let alone = WindowSource(stream: stream, sampler: sampler)
        for step in [0, 1, 2, 207, 208, 209, 500] {
            let whole = try alone.batch(step: step, sequences: 0..<6)
            let windows = sampler.windows(step: step, sequences: 0..<6)
            #expect(try whole == TokenBatch(windows, of: sampler, in: stream))
            let parts = try [0..<1, 1..<4, 4..<6].map {
                try WindowSource(stream: stream, sampler: sampler).batch(step: step, sequences: $0)
            }
            #expect(parts.flatMap(\.inputs) == whole.inputs)
        }
    }
}
