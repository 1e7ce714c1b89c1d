/// Sequences of token ids for one forward pass: integers, not tensors.
package struct TokenBatch: Equatable, Sendable {
    /// Row-major [sequenceCount, sequenceLength].
    package let inputs: [Int32]
    /// Same shape; each target is the token after its input.
    package let targets: [Int32]
    package let sequenceCount: Int
    package let sequenceLength: Int

    /// Reads these windows of the stream, one after the other.
    package init(_ windows: some Collection<Int>, of sampler: WindowSampler, in stream: TokenStream)
        throws
    {
        sequenceCount = windows.count
        sequenceLength = sampler.sequenceLength
        var inputs: [Int32] = []
        var targets: [Int32] = []
        inputs.reserveCapacity(sequenceCount * sequenceLength)
        targets.reserveCapacity(sequenceCount * sequenceLength)
        var tokens = [Int32](repeating: 0, count: sequenceLength + 1)
        for window in windows {
            try tokens.withUnsafeMutableBufferPointer {
                try stream.read(sampler.tokenRange(ofWindow: window), into: $0)
            }
            inputs.append(contentsOf: tokens[..<sequenceLength])
            targets.append(contentsOf: tokens[1...])
        }
        self.inputs = inputs
        self.targets = targets
    }
}
