import Diagnostics

/// Finds the window of the token stream that is sequence j of step s: a pure function of (seed,
/// step).
///
/// A stream of N tokens has W = floor((N - 1) / T) windows; window w covers the tokens
/// [wT, wT + T], whose first T are the inputs and whose last T are the targets. The remainder is
/// unused. Sequence j of step s is number n = sB + j of all sequences: window n mod W in file
/// order, or window π(n mod W) where π is the permutation of epoch floor(n / W), that of all windows
/// or that of `BlockOrder`.
package struct WindowSampler: Equatable, Sendable {
    /// W.
    package let windowCount: Int
    /// T: tokens in the inputs of one window.
    package let sequenceLength: Int
    /// B: sequences in one step, over all ranks.
    package let globalBatchSize: Int
    package let seed: UInt64
    package let order: WindowOrder

    /// - Throws: a `Failure` where the stream is shorter than one window.
    package init(
        tokenCount: Int, sequenceLength: Int, globalBatchSize: Int, seed: UInt64,
        order: WindowOrder
    ) throws {
        precondition(sequenceLength > 0, "a sequence length above 0, got \(sequenceLength)")
        precondition(globalBatchSize > 0, "a global batch size above 0, got \(globalBatchSize)")
        windowCount = max(0, tokenCount - 1) / sequenceLength
        self.sequenceLength = sequenceLength
        self.globalBatchSize = globalBatchSize
        self.seed = seed
        self.order = order
        guard windowCount > 0 else {
            throw Failure(
                "the text is shorter than one window",
                expected: "at least \(sequenceLength + 1) tokens", got: "\(tokenCount)",
                remedy: "use more text or a smaller sequence length")
        }
    }

    /// The windows of these sequences of a step, in their order.
    package func windows(step: Int, sequences: Range<Int>) -> [Int] {
        visits(step: step, sequences: sequences).map(\.window)
    }

    /// The windows of these sequences of a step, in their order, and the blocks that are read for them.
    package func visits(step: Int, sequences: Range<Int>) -> [BlockOrder.Visit] {
        precondition(step >= 0, "a step from 0 on, got \(step)")
        precondition(
            sequences.lowerBound >= 0 && sequences.upperBound <= globalBatchSize,
            "sequences \(sequences) of a batch of \(globalBatchSize)")
        var permutation: (epoch: Int, order: KeyedPermutation)?
        return sequences.map { sequence in
            let number = step * globalBatchSize + sequence
            let (epoch, index) = number.quotientAndRemainder(dividingBy: windowCount)
            switch order {
            case .inOrder: return BlockOrder.Visit(window: index, block: nil)
            case .blocks: return blockOrder.visit(index, ofEpoch: epoch)
            case .shuffled:
                if permutation?.epoch != epoch {
                    permutation = (epoch, self.permutation(ofEpoch: epoch))
                }
                return BlockOrder.Visit(window: permutation?.order[index] ?? index, block: nil)
            }
        }
    }

    /// The blocks of `WindowOrder.blocks`.
    package var blockOrder: BlockOrder {
        BlockOrder(
            windowCount: windowCount, sequenceLength: sequenceLength,
            globalBatchSize: globalBatchSize, seed: seed)
    }

    package func window(step: Int, sequence: Int) -> Int {
        windows(step: step, sequences: sequence..<sequence + 1)[0]
    }

    /// The T + 1 tokens of a window in the stream.
    package func tokenRange(ofWindow window: Int) -> Range<Int> {
        precondition(window >= 0 && window < windowCount, "\(window) is not in 0..<\(windowCount)")
        return window * sequenceLength..<(window + 1) * sequenceLength + 1
    }

    /// The steps that take every window `epochs` times, the last step rounded up.
    package func stepCount(epochs: Int) -> Int {
        (epochs * windowCount + globalBatchSize - 1) / globalBatchSize
    }

    private func permutation(ofEpoch epoch: Int) -> KeyedPermutation {
        KeyedPermutation(count: windowCount, seed: seed, epoch: epoch)
    }
}
