/// Sequences of token ids for one forward pass: integers, not tensors.
package struct TokenBatch: Equatable, Sendable {
    /// The ids, row-major [sequenceCount, sequenceLength]; a shorter sequence is filled up with 0.
    package let inputs: [Int32]
    /// The target of each input, row-major [sequenceCount, sequenceLength], mostly the token after
    /// it; -1 where nothing counts.
    package let targets: [Int32]
    /// The number of tokens of each sequence, without what fills it up.
    package let lengths: [Int]
    /// The numbers of tokens of the examples that share each sequence and do not see each other.
    package let exampleLengths: [[Int]]
    /// What is known of each sequence beside its tokens; see ``TokenExample/numbers``.
    package let numbers: [[Double]]
    /// The number of tokens of the longest sequence.
    package let sequenceLength: Int

    package var sequenceCount: Int { lengths.count }

    /// Reads these windows of the stream, one after the other.
    package init(
        _ windows: some Collection<Int>, of sampler: WindowSampler, in stream: TokenStream,
        separator: Int32? = nil
    ) throws {
        let windows = Array(windows)
        try self.init(
            windowCount: windows.count, sequenceLength: sampler.sequenceLength,
            separator: separator
        ) {
            try stream.read(sampler.tokenRange(ofWindow: windows[$0]), into: $1)
        }
    }

    /// - Parameters:
    ///   - separator: the token that ends a document, where documents do not see each other.
    ///   - read: fills the buffer with the T + 1 tokens of the window of a sequence.
    package init(
        windowCount: Int, sequenceLength: Int, separator: Int32? = nil,
        _ read: (_ sequence: Int, _ tokens: UnsafeMutableBufferPointer<Int32>) throws -> Void
    ) rethrows {
        self.sequenceLength = sequenceLength
        lengths = Array(repeating: sequenceLength, count: windowCount)
        numbers = lengths.map { _ in [] }
        var inputs: [Int32] = []
        var targets: [Int32] = []
        inputs.reserveCapacity(windowCount * sequenceLength)
        targets.reserveCapacity(windowCount * sequenceLength)
        var tokens = [Int32](repeating: 0, count: sequenceLength + 1)
        for sequence in 0..<windowCount {
            try tokens.withUnsafeMutableBufferPointer { try read(sequence, $0) }
            inputs.append(contentsOf: tokens[..<sequenceLength])
            targets.append(contentsOf: tokens[1...])
        }
        self.inputs = inputs
        self.targets = targets
        exampleLengths = (0..<windowCount).map { window in
            let start = window * sequenceLength
            return Self.documentLengths(inputs[start..<start + sequenceLength], separator)
        }
    }

    /// The tokens of each document of a window, with the token that ends it.
    private static func documentLengths(_ ids: ArraySlice<Int32>, _ separator: Int32?) -> [Int] {
        guard let separator else { return [ids.count] }
        var (lengths, start) = ([Int](), ids.startIndex)
        while start < ids.endIndex {
            let end = ids[start...].firstIndex(of: separator).map { $0 + 1 } ?? ids.endIndex
            lengths.append(end - start)
            start = end
        }
        return lengths
    }

    /// Takes these examples, one after the other.
    package init(_ examples: some Collection<TokenExample>) {
        lengths = examples.map(\.inputs.count)
        exampleLengths = examples.map(\.lengths)
        numbers = examples.map(\.numbers)
        let longest = lengths.max() ?? 0
        func filled(_ ids: [Int32], with filler: Int32) -> [Int32] {
            ids + Array(repeating: filler, count: longest - ids.count)
        }
        sequenceLength = longest
        inputs = examples.flatMap { filled($0.inputs, with: 0) }
        targets = examples.flatMap { filled($0.targets, with: -1) }
    }

    /// Tokens of the longest of these sequences: a forward pass of them is as wide, so that it does
    /// not depend on the sequences beside them.
    package func longest(of part: Range<Int>) -> Int { lengths[part].max() ?? 0 }

    /// Targets of these sequences that count.
    package func countedTargets(of part: Range<Int>) -> Int {
        targets[part.lowerBound * sequenceLength..<part.upperBound * sequenceLength]
            .count { $0 >= 0 }
    }
}

/// One sequence to learn from: token ids, and for each position the target that counts there. Several
/// examples that do not see each other may share it.
package struct TokenExample: Equatable, Sendable {
    package let inputs: [Int32]
    /// The target of each input; -1 where nothing counts.
    package let targets: [Int32]
    /// The numbers of inputs of the examples that share the sequence.
    package let lengths: [Int]
    /// What is known of the example beside its tokens, such as its label, or the log-likelihoods that a
    /// reference gives it; what they mean is its objective's.
    package var numbers: [Double] = []

    package init(inputs: [Int32], targets: [Int32]) {
        self.init(inputs: inputs, targets: targets, lengths: [inputs.count])
    }

    init(inputs: [Int32], targets: [Int32], lengths: [Int]) {
        precondition(
            inputs.count == targets.count,
            "expected \(inputs.count) targets, got \(targets.count)")
        self.inputs = inputs
        self.targets = targets
        self.lengths = lengths
    }

    /// Examples that share one sequence and do not see each other.
    package init(isolating examples: [TokenExample]) {
        self.init(
            inputs: examples.flatMap(\.inputs), targets: examples.flatMap(\.targets),
            lengths: examples.map(\.inputs.count))
    }
}
