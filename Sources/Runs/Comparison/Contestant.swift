import Collectives
import Datasets
import Diagnostics
import Evaluation
import FineTuning
import JSON
import ModelFiles
import Objectives
import Tensors
import Tokenizers
import Training

/// A model that answers prompts, on every rank.
struct Contestant {
    let path: String
    let sampling: AnswerSampling
    let prompts: [EncodedPrompt]

    /// An answer, and how likely it was.
    struct Answer {
        var promptIDs: [Int32]
        var ids: [Int32]
        var text: String
        /// The sum of the log-probabilities of its tokens, of the distributions that they were drawn from.
        var logLikelihood: Double
    }

    /// Loads the model. Collective.
    ///
    /// - Parameters:
    ///   - rival: the other model, whose chat template is taken where this one has none.
    init(
        _ path: String, rival: String, of contest: PairwiseContest, on device: Device,
        over communicator: any Communicator
    ) throws {
        let base = try communicator.agree {
            try AdapterDirectory.exists(at: path) ? contest.base : nil
        }
        let (model, tokenizer) = try communicator.agree {
            try LoadedModel.load(
                path, base: base, device: device, copyCount: communicator.neighbourCount)
        }
        try RankInputs(model, at: path).requireEqual(over: communicator)
        self.path = path
        (sampling, prompts) = try communicator.agree {
            let template = try Self.template(path, rival, contest, tokenizer)
            var settings = PolicySettings()
            settings.maximumTokens = contest.maximumTokens
            settings.temperature = contest.temperature > 0 ? contest.temperature : 1
            let sampling = AnswerSampling(
                model: model, tokenizer: tokenizer, settings: settings,
                stopIDs: Set(template.ends(for: tokenizer).ids), stops: template.stops,
                seed: UInt64(contest.seed))
            return (sampling, try Self.prompts(contest, sampling, template))
        }
    }

    private static func template(
        _ path: String, _ rival: String, _ contest: PairwiseContest, _ tokenizer: any Tokenizer
    ) throws -> ChatTemplate {
        if let name = contest.template { return try ChatTemplate.named(name, for: tokenizer) }
        let own = try ChatTemplate.kept(in: path, base: contest.base)
        if let own = try own ?? ChatTemplate.kept(in: rival, base: contest.base) { return own }
        return try ChatTemplate.template(nil, model: path, tokenizer: tokenizer)
    }

    private static func prompts(
        _ contest: PairwiseContest, _ sampling: AnswerSampling, _ template: ChatTemplate
    ) throws -> [EncodedPrompt] {
        let file = PromptFile(
            path: contest.prompts, inputBegin: template.inputBegin, mentions: template.mentions)
        var log = RecordLog()
        let prompts = try file.prompts(&log)
        var encoder = PromptEncoder(
            tokenizer: sampling.tokenizer, template: template,
            sequenceLength: sampling.model.configuration.contextLength,
            answerLength: contest.maximumTokens)
        encoder.remedy = "allow fewer tokens of an answer, or cut the prompt"
        return try encoder.encode(Array(prompts.prefix(contest.limit ?? .max)), &log)
    }

    // MARK: Answers

    /// The answers to all prompts, on every rank: each draws its share. Collective.
    ///
    /// They depend on the weights, the prompts and the seed alone; two models draw with the same numbers.
    func answers(isGreedy: Bool, over communicator: any Communicator) throws -> [Answer] {
        let own = shares(communicator)
        let lines: [JSONValue] = try communicator.agree {
            let drawn = try sampling.answers(
                own.map { .init(promptIDs: prompts[$0].ids, sample: $0, isGreedy: isGreedy) })
            return zip(own, drawn).map { number, answer in
                [
                    "number": .integer(number),
                    "ids": .array(answer.ids.map { .integer(Int($0)) }),
                    "text": .string(answer.text),
                    "logp": .number(answer.likelihoods.reduce(0) { $0 + Double($1) }),
                ]
            }
        }
        let all = try communicator.gathered(lines, count: prompts.count)
        return zip(prompts, all).map { prompt, line in
            Answer(
                promptIDs: prompt.ids,
                ids: (line["ids"]?.array ?? []).compactMap { $0.integer.map(Int32.init) },
                text: line["text"]?.string ?? "", logLikelihood: line["logp"]?.double ?? .nan)
        }
    }

    /// How likely this model finds the answers of another one with the same tokens. Collective.
    func logLikelihoods(
        of answers: [Answer], over communicator: any Communicator
    ) throws -> [Double] {
        let own = shares(communicator)
        let lines: [JSONValue] = try communicator.agree {
            own.map { number in
                let answer = RolloutAnswer(
                    promptIDs: prompts[number].ids, ids: answers[number].ids, likelihoods: [],
                    isComplete: true)
                let values =
                    answer.ids.isEmpty
                    ? []
                    : sampling.likelihoods(of: answer, by: sampling.model, isAdapted: true)
                return [
                    "number": .integer(number),
                    "logp": .number(values.reduce(0) { $0 + Double($1) }),
                ]
            }
        }
        return try communicator.gathered(lines, count: answers.count)
            .map { $0["logp"]?.double ?? .nan }
    }

    private func shares(_ communicator: any Communicator) -> [Int] {
        AnswerShares(
            promptLengths: prompts.map(\.ids.count), groupSize: 1,
            worldSize: communicator.worldSize
        ).ranks[communicator.rank]
    }
}

extension Communicator {
    /// Lines of JSON of all ranks, each at the place of its `number`, on every rank. Collective.
    func gathered(_ lines: [JSONValue], count: Int) throws -> [JSONValue] {
        let texts = try allGather(ofAnySize: JSONValue.array(lines).rendered(.compact))
        var all = [JSONValue](repeating: .null, count: count)
        for text in texts {
            for line in try JSONValue(parsing: text, at: "what a rank found").array ?? [] {
                if let number = line["number"]?.integer { all[number] = line }
            }
        }
        return all
    }
}
