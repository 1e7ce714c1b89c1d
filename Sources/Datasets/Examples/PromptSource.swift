/// The prompts of a training on answers that the model gives itself.
///
/// A batch of B answers has B / G groups of G answers to one prompt each; it is learnt from in
/// `updateCount` steps. Its prompts come in the order of an ``ExampleSource``.
package struct PromptSource: BatchSource {
    package let prompts: [EncodedPrompt]
    /// B: answers in one step.
    package let globalBatchSize: Int
    /// G: answers to a prompt.
    package let groupSize: Int
    /// The steps that learn from the same answers.
    package let updateCount: Int
    /// T: the most tokens of a prompt with its answer.
    package let sequenceLength: Int
    private let answerLength: Int
    private let numbers: [Double]
    private let order: ExampleSource

    /// - Parameters:
    ///   - answerLength: the most tokens of an answer.
    ///   - numbers: what an answer of nothing has beside its tokens.
    /// - Precondition: there is a prompt. A last group may be cut.
    package init(
        _ prompts: [EncodedPrompt], globalBatchSize: Int, groupSize: Int, updateCount: Int,
        answerLength: Int, numbers: [Double], seed: UInt64, isShuffled: Bool
    ) {
        (self.prompts, self.answerLength, self.numbers) = (prompts, answerLength, numbers)
        (self.globalBatchSize, self.groupSize) = (globalBatchSize, groupSize)
        self.updateCount = updateCount
        sequenceLength = answerLength + (prompts.map(\.ids.count).max() ?? 0)
        order = ExampleSource(
            ExampleSet(
                prompts.map { prompt in
                    TokenExample(
                        inputs: prompt.ids, targets: Array(repeating: -1, count: prompt.ids.count))
                },
                places: prompts.map(\.prompt.place), sequenceLength: sequenceLength),
            globalBatchSize: (globalBatchSize + groupSize - 1) / groupSize, seed: seed,
            isShuffled: isShuffled)
    }

    /// The answers of one epoch, each as often as it is learnt from.
    package var sequenceCount: Int { prompts.count * groupSize * updateCount }

    /// The first of the steps that learn from the same answers as `step`.
    package func firstStep(of step: Int) -> Int { step / updateCount * updateCount }

    /// The prompts of the answers that `step` learns from, one for each group.
    package func promptNumbers(step: Int) -> [Int] {
        order.indices(step: step / updateCount, sequences: 0..<order.globalBatchSize)
    }

    /// The prompts with answers of nothing, which are as long as may be: those that count are made by the
    /// model. What a step costs is measured with them.
    package func batch(step: Int, sequences: Range<Int>) throws -> TokenBatch {
        let groups = promptNumbers(step: step)
        return TokenBatch(
            sequences.map { sequence in
                let prompt = prompts[groups[sequence / groupSize]].ids
                let answer = [Int32](repeating: prompt.last ?? 0, count: answerLength)
                var example = TokenExample(
                    inputs: prompt + answer.dropLast(),
                    targets: Array(repeating: -1, count: prompt.count - 1) + answer)
                example.numbers = numbers
                return example
            })
    }

    package func place(step: Int, sequence: Int) -> String {
        prompts[promptNumbers(step: step)[sequence / groupSize]].prompt.place
    }
}
