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
    /// What a rank reads of the batch of a step: the whole of its share, or what its host has of all shares.
    ///
    /// - Parameter shares: the sequences of each rank, in rank order.
    func draft(step: Int, shares: [Range<Int>], rank: Int) throws -> BatchDraft
    /// The place that a sequence comes from, for messages.
    func place(step: Int, sequence: Int) -> String
}

extension BatchSource {
    package func draft(step: Int, shares: [Range<Int>], rank: Int) throws -> BatchDraft {
        .whole(try batch(step: step, sequences: shares[rank]))
    }
}

/// Windows of a stream of tokens.
package struct WindowSource: BatchSource {
    package let stream: TokenStream
    package let sampler: WindowSampler
    /// The token that ends a document, where documents do not see each other; nil where they do.
    package let separator: Int32?
    private let blocks: BlockBuffer

    package init(stream: TokenStream, sampler: WindowSampler, separator: Int32? = nil) {
        self.stream = stream
        self.sampler = sampler
        self.separator = separator
        blocks = BlockBuffer(stream: stream, sampler: sampler, order: sampler.blockOrder)
    }

    package var globalBatchSize: Int { sampler.globalBatchSize }
    package var sequenceLength: Int { sampler.sequenceLength }
    package var sequenceCount: Int { sampler.windowCount }

    package func batch(step: Int, sequences: Range<Int>) throws -> TokenBatch {
        let visits = sampler.visits(step: step, sequences: sequences)
        return try TokenBatch(
            windowCount: visits.count, sequenceLength: sequenceLength, separator: separator
        ) {
            try blocks.read(visits[$0], ofSequences: sequences.count, into: $1)
        }
    }

    package func draft(step: Int, shares: [Range<Int>], rank: Int) throws -> BatchDraft {
        guard stream.holders != nil else {
            return .whole(try batch(step: step, sequences: shares[rank]))
        }
        let part = try ScatteredBatch(
            rank: rank, worldSize: shares.count, sequenceLength: sequenceLength,
            separator: separator
        ) { rank in
            sampler.windows(step: step, sequences: shares[rank]).map {
                TokenWindow(stream: stream, range: sampler.tokenRange(ofWindow: $0))
            }
        }
        return .scattered(part)
    }

    /// The T + 1 tokens of a sequence in the stream.
    package func tokenRange(step: Int, sequence: Int) -> Range<Int> {
        sampler.tokenRange(ofWindow: sampler.window(step: step, sequence: sequence))
    }

    package func place(step: Int, sequence: Int) -> String {
        let window = sampler.window(step: step, sequence: sequence)
        return "tokens \(sampler.tokenRange(ofWindow: window))"
    }
}
