import Collectives
import Datasets
import Diagnostics
import Evaluation
import FineTuning
import JSON
import ModelFiles
import Tensors
import Tokenizers
import Training

/// Judges pairs of answers, by a model or by a command.
///
/// An empty answer is worse than another one, and equal answers are a draw, whoever judges.
struct PairwiseJudge {
    let judge: PairwiseContest.Judge
    /// One for each pair.
    let prompts: [Prompt]
    let communicator: any Communicator

    /// What was found, and by what.
    struct Verdict {
        var judgements: [Judgement]
        let kind: String
        /// The average scores of the first answers and of the second ones; nil where nothing scores.
        var scores: (first: Double, second: Double)?
    }

    /// A judgement of each pair, the same on all ranks. Collective.
    ///
    /// - Throws: `Failure` for a judge that cannot be used, and for one that can judge no pair.
    func verdict(on pairs: [Comparison], device: () -> Device) throws -> Verdict {
        let open = pairs.indices.filter { Self.plainJudgement(pairs[$0]) == nil }
        let asked = open.map { pairs[$0] }
        var verdict: Verdict
        switch judge {
        case .command(let command, let seconds):
            verdict = try Verdict(
                judgements: ask(command, seconds, asked, open.map { prompts[$0] }), kind: "command")
        case .model(let path):
            verdict = try self.verdict(of: path, on: pairs, open, device)
        }
        if !asked.isEmpty, verdict.judgements.allSatisfy({ $0.outcome == nil }) {
            throw Failure(
                "the judge ignores the format: it judges none of "
                    + Quantity.count(asked.count, "pair"),
                expected: Self.expectation(judge), got: "neither for any pair", at: name,
                remedy: "take an instruction model that follows, a reward model, or a command")
        }
        var judgements = pairs.map(Self.plainJudgement)
        for (place, judgement) in zip(open, verdict.judgements) { judgements[place] = judgement }
        verdict.judgements = judgements.map { $0 ?? .none }
        return verdict
    }

    private var name: String {
        switch judge {
        case .model(let path): path
        case .command(let command, _): command
        }
    }

    private static func expectation(_ judge: PairwiseContest.Judge) -> String {
        switch judge {
        case .model: "\"A\" or \"B\" as a likely next token (1 in 100), of a pair that fits"
        case .command: #"{"preference": "a"}, "b", "tie", or the share of the win of a"#
        }
    }

    /// What anybody would say; nil where somebody is to be asked.
    private static func plainJudgement(_ pair: Comparison) -> Judgement? {
        if pair.first.text == pair.second.text { return Judgement(shownFirst: 0.5, shownLast: 0.5) }
        if pair.second.text.isEmpty { return Judgement(shownFirst: 1, shownLast: 1) }
        return pair.first.text.isEmpty ? Judgement(shownFirst: 0, shownLast: 0) : nil
    }

    // MARK: Models

    /// Judgements of the open pairs; what scores answers scores those of all pairs.
    private func verdict(
        of path: String, on pairs: [Comparison], _ open: [Int], _ device: () -> Device
    ) throws -> Verdict {
        let loaded = try communicator.agree {
            try LoadedModel(path, device: device(), copyCount: communicator.neighbourCount)
        }
        try RankInputs(loaded.model, at: path).requireEqual(over: communicator)
        if loaded.labels?.count == 1 {
            var verdict = try scored(
                pairs, by: communicator.agree { try RewardModel(loaded, at: path) })
            verdict.judgements = open.map { verdict.judgements[$0] }
            return verdict
        }
        let judge = try communicator.agree {
            try loaded.requireNoHead(at: path)
            return ModelJudge(
                loaded.model, loaded.tokenizer, try ChatTemplate.kept(in: path))
        }
        let judgements = try shared(open.count) { own in
            try judge.judgements(of: own.map { pairs[open[$0]] })
        }
        return Verdict(judgements: judgements, kind: "language model")
    }

    /// The answer with the higher score is better.
    private func scored(_ pairs: [Comparison], by model: RewardModel) throws -> Verdict {
        let answers = pairs.map(\.first.text) + pairs.map(\.second.text)
        let scores = try model.scores(
            of: answers.enumerated().map { number, text in
                JudgedAnswer(
                    prompt: prompts[number % pairs.count], text: text, tokenCount: 0,
                    number: number)
            }, over: communicator
        ).map { $0 ?? .nan }
        let (first, second) = (scores.prefix(pairs.count), scores.suffix(pairs.count))
        let judgements = zip(first, second).map { first, second in
            let share = first > second ? 1 : first < second ? 0 : 0.5
            return Judgement(shownFirst: share, shownLast: share)
        }
        let count = Double(pairs.count)
        return Verdict(
            judgements: judgements, kind: "reward model",
            scores: pairs.isEmpty
                ? nil : (first.reduce(0, +) / count, second.reduce(0, +) / count))
    }

    // MARK: Commands

    /// Asks a command about each pair in both orders.
    private func ask(
        _ command: String, _ seconds: Double, _ pairs: [Comparison], _ prompts: [Prompt]
    ) throws -> [Judgement] {
        try shared(pairs.count) { own in
            let lines = own.flatMap { number in
                let (pair, prompt) = (pairs[number], prompts[number])
                return [
                    Self.line(prompt, pair.first.text, pair.second.text),
                    Self.line(prompt, pair.second.text, pair.first.text),
                ]
            }
            let result = try LineCommand(command, seconds: seconds).answers(
                to: lines, Self.preference)
            guard result.found.count == lines.count else {
                throw Failure(
                    "the judge gave no preference for a pair, \(LineCommand.attemptCount) times",
                    expected: #"a line such as {"preference": "a"}, with a, b, tie, null, "#
                        + "or the share of the win of a from 0 to 1",
                    got: result.problem, at: prompts[own[result.found.count / 2]].place,
                    remedy: "try the command \(command), or give it more seconds")
            }
            return own.indices.map { place in
                guard let first = result.found[2 * place], let last = result.found[2 * place + 1]
                else { return .none }
                return Judgement(shownFirst: first, shownLast: 1 - last)
            }
        }
    }

    /// What the command reads of a pair.
    private static func line(_ prompt: Prompt, _ a: String, _ b: String) -> String {
        let record = prompt.record
        let own: [(String, JSONValue)] = [
            ("prompt", record["prompt"] ?? .array(prompt.messages.map(\.json))),
            ("a", .string(a)), ("b", .string(b)),
        ]
        let rest = (record.members ?? []).filter {
            !["prompt", "a", "b"].contains(String(decoding: $0.key, as: UTF8.self))
        }
        return JSONValue.members(
            own.map { .init(key: Array($0.0.utf8), value: $0.1) } + rest
        ).text()
    }

    /// The share of the win of a; nil inside where it cannot tell, and outside for another line.
    private static func preference(_ line: JSONValue) -> Double?? {
        guard let value = line["preference"] else { return nil }
        if value.isNull { return .some(nil) }
        if let word = value.string {
            let shares: [String: Double] = ["a": 1, "b": 0, "tie": 0.5]
            return shares[word].map { .some($0) }
        }
        return value.double.flatMap { (0...1).contains($0) ? .some($0) : nil }
    }

    // MARK: Ranks

    /// Rank r judges pairs r, r + R, ...; what is said of one does not depend on the others. Collective.
    private func shared(
        _ count: Int, _ judge: ([Int]) throws -> [Judgement]
    ) throws -> [Judgement] {
        let own = Array(stride(from: communicator.rank, to: count, by: communicator.worldSize))
        let lines: [JSONValue] = try communicator.agree {
            zip(own, try own.isEmpty ? [] : judge(own)).map { number, judgement in
                let shares = judgement.shares.map { [$0.shownFirst, $0.shownLast] } ?? []
                return [
                    "number": .integer(number), "shares": .array(shares.map(JSONValue.number)),
                ]
            }
        }
        return try communicator.gathered(lines, count: count).map { line in
            let shares = (line["shares"]?.array ?? []).compactMap(\.double)
            return shares.count == 2
                ? Judgement(shownFirst: shares[0], shownLast: shares[1]) : .none
        }
    }
}
