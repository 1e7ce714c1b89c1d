import Collectives
import Datasets
import Diagnostics
import Training

/// Answers that a student writes and a teacher corrects, in a share of the steps: generalised knowledge
/// distillation on the student's own sequences (Agarwal et al., "On-policy distillation of language models",
/// 2024).
///
/// Every rank draws the answers of its own sequences by the decoding engine. An answer depends on the weights,
/// its prompt and its number alone, so that the answers are the same on any number of ranks.
final class CorrectedExperience: Experience {
    var isStored = false
    private let sampling: AnswerSampling
    private let source: CorrectedSource
    /// The run directory.
    private let run: String

    /// Steps of which one answer is shown in the log.
    private static let shownEvery = 10

    init(_ sampling: AnswerSampling, _ source: CorrectedSource, run: String) {
        (self.sampling, self.source, self.run) = (sampling, source, run)
    }

    func batch(
        step: Int, sequences: Range<Int>, over communicator: any Communicator
    ) throws -> ExperiencedBatch {
        guard source.isWritten(step: step) else {
            let batch = try communicator.agree {
                try source.batch(step: step, sequences: sequences)
            }
            return ExperiencedBatch(
                batch: batch, measures: ["on_policy": 0], notes: [], isIdle: false)
        }
        let file = RolloutFile(ofStep: step, inRun: run)
        let answers =
            try isStored
            ? kept(file, communicator) : answers(step, sequences, communicator)
        if !isStored { try keep(answers, step, file, communicator) }
        let measures = RolloutMeasures.lengths(answers).merging(["on_policy": 1]) { $1 }
        return ExperiencedBatch(
            batch: TokenBatch(answers[sequences].map(\.example)), measures: measures,
            notes: isShown(step) ? ["an answer of the student: " + shown(answers[0])] : [],
            isIdle: false)
    }

    /// What is held out has answers of its own: the loss is measured on them as ever.
    func validate(step: Int, over communicator: any Communicator) -> ExperiencedValidation? { nil }

    /// The answers to all prompts of a step. Collective.
    private func answers(
        _ step: Int, _ sequences: Range<Int>, _ communicator: any Communicator
    ) throws -> [RolloutAnswer] {
        let size = source.globalBatchSize
        let drawn = try communicator.agree {
            let prompts = source.prompts(step: step, sequences: sequences)
            return try sampling.answers(
                zip(sequences, prompts).map { number, ids in
                    .init(
                        promptIDs: ids, sample: step * size + number,
                        maximumTokens: source.answerLength(after: ids.count))
                })
        }
        return try RolloutAnswer.gathered(
            Array(sequences), drawn, count: size, names: [], communicator)
    }

    /// Writes the answers to RUN/rollouts.
    private func keep(
        _ answers: [RolloutAnswer], _ step: Int, _ file: RolloutFile,
        _ communicator: any Communicator
    ) throws {
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try file.write(
                Rollout(firstStep: step, answers: answers), names: [],
                prompts: try answers.map { try sampling.tokenizer.decode($0.promptIDs) })
        }
    }

    /// The answers that a training has written. Collective.
    private func kept(
        _ file: RolloutFile, _ communicator: any Communicator
    ) throws -> [RolloutAnswer] {
        let answers = try file.answers(names: [], over: communicator, isEnd: sampling.isComplete)
        try communicator.agree {
            guard answers.count != source.globalBatchSize else { return }
            throw Failure(
                "a file does not hold the answers of a step",
                expected: Quantity.count(source.globalBatchSize, "answer"),
                got: "\(answers.count)", at: file.path,
                remedy: "take a copy of the run in which it is whole")
        }
        return answers
    }

    /// Whether it is the first such step of ten.
    private func isShown(_ step: Int) -> Bool {
        let first = step / Self.shownEvery * Self.shownEvery
        return !(first..<step).contains(where: source.isWritten)
    }

    private func shown(_ answer: RolloutAnswer) -> String { answer.text.debugDescription }
}
