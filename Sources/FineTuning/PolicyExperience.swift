import Collectives
import Datasets
import Diagnostics
import Files
import JSON
import Models
import Objectives
import Tensors
import Training

/// Answers that the model gives to prompts, and their rewards: what a policy is learnt from.
///
/// Every rank draws its share by the decoding engine and knows all answers afterwards; the first one keeps
/// them in RUN/rollouts. An answer depends on the weights, its prompt and its number alone, so that the
/// answers are the same on any number of ranks.
final class PolicyExperience: Experience {
    /// What the log-probabilities of answers are compared with.
    enum Reference {
        case none
        /// The model without its adapters.
        case withoutAdapters
        case model(LanguageModel)
    }

    /// The parts that an experience works with.
    struct Parts {
        var sampling: AnswerSampling
        var judge: AnswerJudge
        var reference: Reference
        var source: PromptSource
        /// Prompts that are held out.
        var validation: [EncodedPrompt]
        /// The file of answers that are learnt from in the place of new ones; nil for none.
        var stored: RolloutFile?
        /// The run directory.
        var run: String
    }

    var isStored = false
    let parts: Parts
    private var current: Rollout?

    /// Steps between two answers that the log shows.
    private static let shownEvery = 10

    init(_ parts: Parts) {
        self.parts = parts
    }

    var settings: PolicySettings { parts.sampling.settings }
    var names: [String] { parts.judge.names }

    func batch(
        step: Int, sequences: Range<Int>, over communicator: any Communicator
    ) throws -> ExperiencedBatch {
        let first = parts.source.firstStep(of: step)
        let isNew = current?.firstStep != first
        let rollout = try isNew ? rollout(first, at: step, communicator) : current
        guard let rollout else { preconditionFailure("there is one, or it is made") }
        current = rollout
        let measures = RolloutMeasures(rollout.answers, settings, names: names)
        return ExperiencedBatch(
            batch: TokenBatch(rollout.answers[sequences].map(\.example)),
            measures: measures.values, notes: isNew ? notes(rollout, measures) : [],
            isIdle: isIdle(rollout))
    }

    /// Whether no answer is better than another, and nothing holds the model to the reference; of ppo whether
    /// no answer has a reward.
    private func isIdle(_ rollout: Rollout) -> Bool {
        guard !settings.learnsValues else {
            return rollout.answers.allSatisfy { $0.reward == nil }
        }
        return (settings.algorithm == .rloo || settings.divergenceWeight == 0)
            && rollout.answers.allSatisfy { $0.advantage == 0 }
    }

    private func notes(_ rollout: Rollout, _ measures: RolloutMeasures) -> [String] {
        let number = rollout.firstStep / parts.source.updateCount
        guard number.isMultiple(of: Self.shownEvery), let answer = rollout.answers.first else {
            return [measures.note].compactMap { $0 }
        }
        let reward = answer.reward.map { $0.formattedTo(3) } ?? "none"
        let shown = answer.text.debugDescription
        return ["an answer, of reward \(reward): \(shown)"] + [measures.note].compactMap { $0 }
    }

    // MARK: Answers

    /// The answers that a step and those after it learn from. Collective.
    private func rollout(
        _ first: Int, at step: Int, _ communicator: any Communicator
    ) throws -> Rollout {
        let file = RolloutFile(ofStep: first, inRun: parts.run)
        // In the middle of its steps the weights are no longer those that gave the answers.
        if isStored || step > first { return try kept(file, first, communicator) }
        var answers: [RolloutAnswer]
        if let stored = parts.stored {
            answers = try self.stored(stored, first, communicator)
        } else {
            answers = try sampled(first, file, communicator)
        }
        setAdvantages(of: &answers)
        let rollout = Rollout(firstStep: first, answers: answers)
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try file.write(rollout, names: names, prompts: try prompts(rollout, first))
        }
        return rollout
    }

    /// The texts of the prompts, as the model reads them.
    private func prompts(_ rollout: Rollout, _ first: Int) throws -> [String] {
        try rollout.answers.map { try parts.sampling.tokenizer.decode($0.promptIDs) }
    }

    private func kept(
        _ file: RolloutFile, _ first: Int, _ communicator: any Communicator
    ) throws -> Rollout {
        let answers = try file.answers(
            names: names, over: communicator, isEnd: parts.sampling.isComplete)
        try require(
            answers.count == parts.source.globalBatchSize, answers.count, at: file.path,
            communicator)
        try communicator.agree {
            guard settings.learnsValues, answers.contains(where: { $0.estimates == nil }) else {
                return
            }
            throw Failure(
                "an answer of an earlier step cannot be learnt from again",
                expected: "the values of its tokens", got: "none", at: file.path,
                remedy: "resume from an earlier checkpoint")
        }
        var own = answers
        setAdvantages(of: &own)
        return Rollout(firstStep: first, answers: own)
    }

    private func require(
        _ isMet: Bool, _ count: Int, at path: String, _ communicator: any Communicator
    ) throws {
        try communicator.agree {
            guard !isMet else { return }
            throw Failure(
                "a file holds too few answers",
                expected: "\(parts.source.globalBatchSize) a step, in groups of "
                    + "\(settings.groupSize)", got: "\(count)", at: path,
                remedy: "name another one")
        }
    }

    /// The answers of a file that come next, from its beginning again where it ends.
    private func stored(
        _ file: RolloutFile, _ first: Int, _ communicator: any Communicator
    ) throws -> [RolloutAnswer] {
        let all = try file.answers(
            names: names, over: communicator, isEnd: parts.sampling.isComplete)
        let size = parts.source.globalBatchSize
        let batchCount = all.count / size
        try require(batchCount > 0, all.count, at: file.path, communicator)
        let batch = first / parts.source.updateCount % batchCount
        var answers = Array(all[batch * size..<(batch + 1) * size])
        let own = stride(from: communicator.rank, to: size, by: communicator.worldSize)
        try communicator.agree {
            try require(answers)
            for index in own { answers[index] = compared(answers[index]) }
        }
        return try gathered(
            Array(own), own.map { answers[$0] }, count: size, communicator)
    }

    /// Refuses answers that the model, or the settings, cannot learn from.
    private func require(_ answers: [RolloutAnswer]) throws {
        let count = parts.sampling.model.configuration.vocabularySize
        let context = parts.sampling.model.configuration.contextLength
        for answer in answers {
            let largest = (answer.promptIDs + answer.ids).max() ?? 0
            let length = answer.promptIDs.count + answer.ids.count
            guard Int(largest) < count, length <= context + 1 else {
                throw Failure(
                    "stored answers do not fit the model",
                    expected: "tokens below \(count), at most \(context + 1) of them",
                    got: "\(length) up to \(largest)", remedy: "name answers of this model")
            }
        }
    }

    /// New answers to the prompts of a step. Collective.
    private func sampled(
        _ first: Int, _ file: RolloutFile, _ communicator: any Communicator
    ) throws -> [RolloutAnswer] {
        let numbers = parts.source.promptNumbers(step: first)
        let prompts = numbers.map { parts.source.prompts[$0] }
        let recorded = try file.recorded(
            names: names, over: communicator, isEnd: parts.sampling.isComplete)
        let own = AnswerShares(
            promptLengths: prompts.map(\.ids.count), groupSize: settings.groupSize,
            worldSize: communicator.worldSize
        ).ranks[communicator.rank]
        let size = parts.source.globalBatchSize
        let firstSample = first / parts.source.updateCount * size
        let drawn = try communicator.agree {
            try parts.sampling.answers(
                own.map {
                    .init(
                        promptIDs: prompts[$0 / settings.groupSize].ids, sample: firstSample + $0)
                }
            ).map(compared)
        }
        let asked = (0..<size).map { prompts[$0 / settings.groupSize].prompt }
        return try judged(drawn, own, asked, recorded, communicator)
    }

    /// The answer with what the reference and the value head make of it.
    private func compared(_ answer: RolloutAnswer) -> RolloutAnswer {
        var answer = answer
        answer.references = references(of: answer)
        answer.estimates =
            settings.learnsValues
            ? .init(values: parts.sampling.values(of: answer), advantages: [], returns: [])
            : nil
        return answer
    }

    private func references(of answer: RolloutAnswer) -> [Float]? {
        switch parts.reference {
        case .none: nil
        case .withoutAdapters:
            parts.sampling.likelihoods(of: answer, by: parts.sampling.model, isAdapted: false)
        case .model(let model):
            parts.sampling.likelihoods(of: answer, by: model, isAdapted: true)
        }
    }
}
