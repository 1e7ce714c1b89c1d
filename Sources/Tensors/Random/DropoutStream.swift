import CKernels

/// The source of the random numbers of dropout: Philox4x32-10 (Salmon et al., 2011) with the seed
/// as its key and (step, sequence, site, element) as its counter. A mask so depends on which
/// sequence of which step it belongs to, and never on the rank, micro-batch or length of a batch.
///
/// A site has 18 bits; those above them are the upper ones of the element's block of four, which has more
/// than 32 in the attention of 32 heads over 32,768 positions.
package struct DropoutStream: Sendable {
    package var seed: UInt64
    /// Global batch, from 0.
    package var step: Int
    /// Position in the global batch of the first sequence of the tensor.
    package var firstSequence: Int

    package init(seed: UInt64, step: Int, firstSequence: Int) {
        self.seed = seed
        self.step = step
        self.firstSequence = firstSequence
    }

    func kernelStream(sequence: Int, site: Int, rate: Float) -> kernel_dropout_stream {
        precondition((0..<1 << 18).contains(site), "expected a site of 18 bits, got \(site)")
        return kernel_dropout_stream(
            seed: seed, step: UInt32(truncatingIfNeeded: step),
            sequence: UInt32(truncatingIfNeeded: firstSequence + sequence),
            site: UInt32(truncatingIfNeeded: site), rate: rate)
    }
}

/// The parameters of one use of dropout: how much, where in the model, and which random numbers.
package struct Dropout: Sendable {
    /// Share of elements set to 0; the others are scaled by 1 / (1 - rate).
    package var rate: Float
    /// Number of the place in the model.
    package var site: Int
    package var stream: DropoutStream

    package init(rate: Float, site: Int, stream: DropoutStream) {
        self.rate = rate
        self.site = site
        self.stream = stream
    }

    func kernelStream(sequence: Int) -> kernel_dropout_stream {
        stream.kernelStream(sequence: sequence, site: site, rate: rate)
    }
}
