import Datasets
import TemporaryFolders
import Testing

@Suite struct BlockBufferTests {
    /// Three ranks read each block of an epoch once, all together.
    @Test func ranksReadEachBlockOnce() throws {
        let scratch = try Scratch()
        let count = 40 * BlockOrder.minimumBlockTokenCount
        try scratch.writeShard(
            "train-00000.h5", documents: [(0...count).map { Int32($0 % 299) }])
        let stream = try TokenStream(resolving: scratch.path, split: .train)
        let sampler = try WindowSampler(
            tokenCount: stream.tokenCount, sequenceLength: 1024, globalBatchSize: 1024, seed: 5,
            order: .blocks)
        let order = sampler.blockOrder
        #expect(order.blockSize == 32 && order.listSize == 1)
        // Lists of the batch are more than blocks here: take a batch that has fewer.
        let small = BlockOrder(
            windowCount: sampler.windowCount, blockSize: 32, listCount: 8, listSize: 1, seed: 5)
        let buffers = (0..<3).map { _ in
            BlockBuffer(stream: stream, sampler: sampler, order: small)
        }
        var tokens = [Int32](repeating: 0, count: 1025)
        for index in 0..<sampler.windowCount {
            let rank = [0, 0, 0, 1, 1, 1, 2, 2][index % 8]
            let visit = small.visit(index, ofEpoch: 0)
            try tokens.withUnsafeMutableBufferPointer {
                try buffers[rank].read(visit, ofSequences: 3, into: $0)
            }
            #expect(tokens[0] == Int32(visit.window * 1024 % 299))
        }
        #expect(buffers.map(\.readCount).reduce(0, +) == 40)
        #expect(buffers.allSatisfy { $0.heldCount == 0 })
    }
}
