/// Batches of examples: a pure function of (seed, step).
///
/// Sequence j of step s is number n = sB + j of all sequences; in epoch floor(n / N) the N examples come
/// in the order of the epoch's keyed permutation. Within a window of `windowSize` steps, as far as one
/// epoch reaches, they are sorted by length and cut into batches again, which change places: so the
/// sequences of a batch, and more so those of a micro-batch, have about the same length, and little is
/// padding. Every epoch holds every example once.
///
/// Without shuffling the examples come in the order of the file, with nothing sorted.
package struct ExampleSource: BatchSource {
    package let exampleSet: ExampleSet
    /// B.
    package let globalBatchSize: Int
    package let seed: UInt64
    package let isShuffled: Bool
    /// T: the inputs of the longest example; a batch has no more than those of its longest one.
    package let sequenceLength: Int

    /// Steps among whose sequences lengths are sorted: more waste less, and shuffle less.
    private let windowSize: Int

    /// - Parameter windowSize: 1 keeps batches as they were drawn, and sorts the sequences within each.
    package init(
        _ exampleSet: ExampleSet, globalBatchSize: Int, seed: UInt64, isShuffled: Bool = true,
        windowSize: Int = 16
    ) {
        precondition(!exampleSet.examples.isEmpty, "at least one example")
        precondition(globalBatchSize > 0, "a global batch size above 0, got \(globalBatchSize)")
        self.exampleSet = exampleSet
        self.globalBatchSize = globalBatchSize
        self.seed = seed
        self.isShuffled = isShuffled
        self.windowSize = windowSize
        sequenceLength = exampleSet.examples.map(\.inputs.count).max() ?? 0
    }

    package var sequenceCount: Int { exampleSet.examples.count }

    package func batch(step: Int, sequences: Range<Int>) throws -> TokenBatch {
        TokenBatch(indices(step: step, sequences: sequences).map { exampleSet.examples[$0] })
    }

    package func place(step: Int, sequence: Int) -> String {
        exampleSet.places[indices(step: step, sequences: sequence..<sequence + 1)[0]]
    }

    /// The examples of these sequences of a step.
    package func indices(step: Int, sequences: Range<Int>) -> [Int] {
        precondition(step >= 0, "a step from 0 on, got \(step)")
        precondition(
            sequences.lowerBound >= 0 && sequences.upperBound <= globalBatchSize,
            "sequences \(sequences) of a batch of \(globalBatchSize)")
        var stretch: (numbers: Range<Int>, examples: [Int])?
        return sequences.map { sequence in
            let number = step * globalBatchSize + sequence
            guard isShuffled else { return number % sequenceCount }
            if stretch?.numbers.contains(number) != true { stretch = self.stretch(around: number) }
            guard let stretch else { preconditionFailure("there is one around each number") }
            return stretch.examples[number - stretch.numbers.lowerBound]
        }
    }

    /// The numbers that share epoch and window with this one, and their examples.
    private func stretch(around number: Int) -> (numbers: Range<Int>, examples: [Int]) {
        let epoch = number / sequenceCount
        let size = windowSize * globalBatchSize
        let window = number / size
        let epochNumbers = epoch * sequenceCount..<(epoch + 1) * sequenceCount
        let numbers = (window * size..<(window + 1) * size).clamped(to: epochNumbers)
        let order = KeyedPermutation(count: sequenceCount, seed: seed, epoch: epoch)
        let sorted =
            numbers.map { order[$0 - epochNumbers.lowerBound] }.enumerated()
            .sorted { (length(of: $0.element), $0.offset) < (length(of: $1.element), $1.offset) }
            .map(\.element)
        return (numbers, shuffled(sorted, numbers: numbers, window: window))
    }

    private func length(of example: Int) -> Int { exampleSet.examples[example].inputs.count }

    /// Lets whole batches change places.
    private func shuffled(_ examples: [Int], numbers: Range<Int>, window: Int) -> [Int] {
        let size = globalBatchSize
        let first = (numbers.lowerBound + size - 1) / size * size - numbers.lowerBound
        let count = (examples.count - first) / size
        guard count > 1 else { return examples }
        // The complement keeps the key apart from those of epochs.
        let order = KeyedPermutation(count: count, seed: ~seed, epoch: window)
        let batches = (0..<count).flatMap { batch in
            examples[first + order[batch] * size..<first + (order[batch] + 1) * size]
        }
        return examples[..<first] + batches + examples[(first + count * size)...]
    }
}
