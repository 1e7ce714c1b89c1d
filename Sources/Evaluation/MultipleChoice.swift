import Collectives
import Datasets
import Models
import Tokenizers

/// Answers multiple-choice questions with a model, on all ranks together.
///
/// A choice's score is its log-likelihood after the prompt and the examples before it, as in
/// EleutherAI's evaluation harness. Rank r answers questions r, r + R, ...; each question is
/// computed by itself, so the results have the same bits for every world size.
package struct MultipleChoice {
    private let scorer: ContinuationScorer
    private let tokenizer: any Tokenizer
    private let contextLength: Int

    package init(model: LanguageModel, tokenizer: any Tokenizer) {
        scorer = ContinuationScorer(model)
        self.tokenizer = tokenizer
        contextLength = model.configuration.contextLength
    }

    /// The results of the first `limit` questions, in their order, on every rank. Collective.
    ///
    /// - Parameter shots: answered questions shown before each; see `ChoiceTask.prefix`.
    package func results(
        of task: ChoiceTask, shots: Int = 0, limit: Int? = nil,
        over communicator: any Communicator
    ) throws -> [ChoiceResult] {
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        let questions = task.questions.prefix(limit ?? .max)
        let own: [Double] = try communicator.agree {
            try stride(from: rank, to: questions.count, by: worldSize).flatMap { index in
                let prefix = task.prefix(ofQuestion: index, shots: shots)
                return try scores(of: questions[index], after: prefix)
            }
        }
        var rest = try communicator.allGather(ofAnySize: own.withUnsafeBytes(Array.init))
            .map { $0.doubles[...] }
        return questions.enumerated().map { index, question in
            let scores = rest[index % worldSize].prefix(question.choices.count + 1)
            rest[index % worldSize].removeFirst(scores.count)
            return ChoiceResult(
                question: question, logLikelihoods: scores.dropLast(), isCut: scores.last == 1)
        }
    }

    /// The log-likelihoods of the choices, and 1 where the prompt was cut.
    private func scores(of question: ChoiceQuestion, after prefix: String) throws -> [Double] {
        let tokens = try ChoiceTokens(
            question, after: prefix, tokenizer, contextLength: contextLength)
        let logLikelihoods = scorer.logLikelihoods(
            of: tokens.choices, after: tokens.context, sharedCount: tokens.sharedCount)
        return logLikelihoods + [tokens.isCut ? 1 : 0]
    }
}

extension [UInt8] {
    fileprivate var doubles: [Double] {
        withUnsafeBytes { bytes in
            stride(from: 0, to: count, by: MemoryLayout<Double>.stride).map {
                bytes.loadUnaligned(fromByteOffset: $0, as: Double.self)
            }
        }
    }
}
