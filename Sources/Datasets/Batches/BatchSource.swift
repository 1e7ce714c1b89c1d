/// The sequences that the steps of a run take: a pure function of the step, the same on all ranks.
package protocol BatchSource: Sendable {
    /// B: sequences in one step, over all ranks.
    var globalBatchSize: Int { get }
    /// T: the most tokens that a sequence has.
    var sequenceLength: Int { get }
    /// The number of sequences of one epoch.
    var sequenceCount: Int { get }

    /// The batch of these sequences of a step, in their order.
    func batch(step: Int, sequences: Range<Int>) throws -> TokenBatch
    /// The place that a sequence comes from, for messages.
    func place(step: Int, sequence: Int) -> String
}

/// Windows of a stream of tokens.
package struct WindowSource: BatchSource {
    package let stream: TokenStream
    package let sampler: WindowSampler
    private let blocks: BlockBuffer

    package init(stream: TokenStream, sampler: WindowSampler) {
        self.stream = stream
        self.sampler = sampler
        blocks = BlockBuffer(stream: stream, sampler: sampler, order: sampler.blockOrder)
    }

    package var globalBatchSize: Int { sampler.globalBatchSize }
    package var sequenceLength: Int { sampler.sequenceLength }
    package var sequenceCount: Int { sampler.windowCount }

    package func batch(step: Int, sequences: Range<Int>) throws -> TokenBatch {
        let visits = sampler.visits(step: step, sequences: sequences)
        return try TokenBatch(windowCount: visits.count, sequenceLength: sequenceLength) {
            try blocks.read(visits[$0], ofSequences: sequences.count, into: $1)
        }
    }

    package func place(step: Int, sequence: Int) -> String {
        let window = sampler.window(step: step, sequence: sequence)
        return "tokens \(sampler.tokenRange(ofWindow: window))"
    }
}
