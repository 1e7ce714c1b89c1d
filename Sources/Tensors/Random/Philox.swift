import CKernels

/// Counter-based random numbers (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
package enum Philox {
    /// Four random words: a pure function of counter and key.
    package static func words(counter: [UInt32], key: UInt64) -> [UInt32] {
        precondition(counter.count == 4, "expected a counter of 4 words, got \(counter.count)")
        var out = [UInt32](repeating: 0, count: 4)
        kernel_philox(&out, key, counter)
        return out
    }
}

extension Device {
    /// Fills a tensor from a normal distribution of average 0; `stream` numbers the tensor, so that two
    /// tensors of one seed differ.
    package func fillNormal(
        _ tensor: Tensor<Float>, deviation: Float, stream: Int, seed: UInt64
    ) {
        forEachChunk(of: tensor.count) { chunk in
            kernel_normal(
                tensor.pointer + chunk.lowerBound, chunk.count, chunk.lowerBound, deviation,
                UInt32(truncatingIfNeeded: stream), seed)
        }
    }
}
