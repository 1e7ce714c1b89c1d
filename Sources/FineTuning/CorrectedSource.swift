import Datasets
import Tensors

/// Batches of examples, of which a share holds answers of the student in the place of those that are given.
///
/// Which steps these are follows from seed and step alone.
struct CorrectedSource: BatchSource {
    let examples: ExampleSource
    /// The share of steps whose answers the student writes.
    let share: Double
    /// Tokens of such an answer at most.
    let answerLength: Int
    /// Inputs of a sequence at most.
    let mostInputs: Int

    var globalBatchSize: Int { examples.globalBatchSize }
    var sequenceCount: Int { examples.sequenceCount }

    var sequenceLength: Int {
        let written = examples.exampleSet.examples.map { example in
            example.promptLength + answerLength(after: example.promptLength) - 1
        }
        return max(examples.sequenceLength, share > 0 ? written.max() ?? 0 : 0)
    }

    /// Whether the student writes the answers of a step, which counts from 0.
    func isWritten(step: Int) -> Bool {
        let words = Philox.words(
            counter: [UInt32(truncatingIfNeeded: step), 0, 0, Self.stream], key: examples.seed)
        return Double(words[0]) < share * 4_294_967_296
    }

    /// Keeps these numbers apart from those of dropout, sampling and initialisation.
    private static let stream: UInt32 = 0x6F_6E_70_6F

    /// The prompts of some sequences of a step.
    func prompts(step: Int, sequences: Range<Int>) -> [[Int32]] {
        examples.indices(step: step, sequences: sequences).map { index in
            let example = examples.exampleSet.examples[index]
            return Array(example.inputs.prefix(example.promptLength))
        }
    }

    /// Tokens that an answer may have after a prompt: the last one is no input.
    func answerLength(after promptLength: Int) -> Int {
        min(answerLength, mostInputs + 1 - promptLength)
    }

    /// The examples with the answers that are given: what a step costs is measured with them.
    func batch(step: Int, sequences: Range<Int>) throws -> TokenBatch {
        try examples.batch(step: step, sequences: sequences)
    }

    func place(step: Int, sequence: Int) -> String {
        examples.place(step: step, sequence: sequence)
    }
}

extension TokenExample {
    /// The tokens before the last answer, which is what counts last.
    var promptLength: Int {
        let end = targets.lastIndex { $0 >= 0 } ?? 0
        return (targets[..<end].lastIndex { $0 < 0 } ?? -1) + 2
    }
}
