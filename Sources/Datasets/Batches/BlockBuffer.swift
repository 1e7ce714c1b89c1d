import Synchronization

/// The blocks of a stream from which the sequences of one rank take their windows, each read whole when
/// its first window is taken and let go after its last.
package final class BlockBuffer: Sendable {
    private struct Block {
        let tokens: [Int32]
        var takenCount = 0
    }

    private struct State {
        var blocks: [Int: Block] = [:]
        /// The numbers of the blocks, the one that was taken from last at the end.
        var order: [Int] = []
        package var readCount = 0
    }

    private let stream: TokenStream
    private let sampler: WindowSampler
    private let blockOrder: BlockOrder
    private let state = Mutex(State())

    package init(stream: TokenStream, sampler: WindowSampler, order: BlockOrder) {
        self.stream = stream
        self.sampler = sampler
        blockOrder = order
    }

    /// The blocks that have been read so far.
    package var readCount: Int { state.withLock { $0.readCount } }

    /// The blocks that are in memory.
    package var heldCount: Int { state.withLock { $0.blocks.count } }

    /// Reads the T + 1 tokens of a window, from its block where one is read for it.
    ///
    /// - Parameter sequenceCount: the sequences of the batch that this rank takes; where their blocks are
    ///   too many to be held, each window is read alone.
    package func read(
        _ visit: BlockOrder.Visit, ofSequences sequenceCount: Int,
        into tokens: UnsafeMutableBufferPointer<Int32>
    ) throws {
        let range = sampler.tokenRange(ofWindow: visit.window)
        let heldCount = sequenceCount * blockOrder.listSize
        guard let block = visit.block, isHeld(heldCount) else {
            return try stream.read(range, into: tokens)
        }
        let start = block * blockOrder.blockSize * sampler.sequenceLength
        let whole = try take(block, of: start..<start + blockTokenCount, heldCount)
        _ = tokens.update(
            fromContentsOf: whole[(range.lowerBound - start)..<(range.upperBound - start)])
    }

    /// The tokens of a block, and the target of the last.
    private var blockTokenCount: Int { blockOrder.blockSize * sampler.sequenceLength + 1 }

    private func isHeld(_ blockCount: Int) -> Bool {
        blockCount * (blockTokenCount - 1) <= BlockOrder.bufferTokenCount
    }

    private func take(_ number: Int, of range: Range<Int>, _ heldCount: Int) throws -> [Int32] {
        try state.withLock { state in
            var block: Block
            if let held = state.blocks[number] {
                block = held
                state.order.removeAll { $0 == number }
            } else {
                block = Block(tokens: try stream.tokens(range))
                state.readCount += 1
            }
            block.takenCount += 1
            guard block.takenCount < blockOrder.blockSize else {
                state.blocks[number] = nil
                return block.tokens
            }
            state.blocks[number] = block
            state.order.append(number)
            // A run that begins in the midst of a block does not take all of its windows.
            if state.order.count > 2 * heldCount {
                state.blocks[state.order.removeFirst()] = nil
            }
            return block.tokens
        }
    }
}
