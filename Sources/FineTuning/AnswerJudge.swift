import Collectives
import Datasets
import Diagnostics
import Evaluation
import Files
import Foundation
import JSON
import Jinja
import ModelFiles
import Tensors
import Tokenizers
import Training

/// An answer as those see it who reward it.
package struct JudgedAnswer {
    let prompt: Prompt
    let text: String
    /// With the token that ended it.
    let tokenCount: Int
    /// Its number in its step, for messages.
    let number: Int

    package init(prompt: Prompt, text: String, tokenCount: Int, number: Int) {
        (self.prompt, self.text) = (prompt, text)
        (self.tokenCount, self.number) = (tokenCount, number)
    }
}

/// Rewards answers by rules.
struct AnswerJudge {
    let rules: [RewardRule]
    private let maximumTokens: Int
    /// The patterns and schemas of files, by the numbers of their rules.
    private var patterns: [Int: TextPattern] = [:]
    private var schemas: [Int: JSONSchemaCheck] = [:]
    /// The reward models, once they are loaded.
    private var models: [Int: RewardModel] = [:]

    var names: [String] { rules.names }
    /// Whether rules tell right answers from wrong ones.
    var knowsRight: Bool { rules.contains { $0.kind.isOfRight } }

    /// - Throws: `Failure` for a pattern or a schema that cannot be read.
    init(_ rules: [RewardRule], maximumTokens: Int) throws {
        (self.rules, self.maximumTokens) = (rules, maximumTokens)
        for (index, rule) in rules.enumerated() {
            guard let path = rule.path else { continue }
            switch rule.kind {
            case .regex:
                var text = String(decoding: try FileReader.bytes(of: path), as: UTF8.self)
                while text.last?.isNewline == true { text.removeLast() }
                patterns[index] = try TextPattern(text)
            case .jsonSchema:
                schemas[index] = try JSONSchemaCheck(
                    try JSONValue(parsing: try FileReader.bytes(of: path), at: path), at: path)
            default: break
            }
        }
    }

    /// Refuses prompts that do not say what the rules ask for.
    func check(_ prompts: [Prompt]) throws {
        for prompt in prompts {
            for rule in rules {
                guard let field = rule.field else { continue }
                _ = try wanted(rule, of: prompt, field)
            }
        }
    }

    /// The reward of each answer by each rule but reward models; nil where a rule cannot judge it. Of
    /// commands, an answer whose rewards are known already is not asked again.
    ///
    /// - Throws: `Failure` for a command that gives no rewards.
    func rewards(
        of answers: [JudgedAnswer], known: [[Double?]?]
    ) throws -> [[Double?]] {
        var rewards = answers.map { _ in [Double?](repeating: nil, count: rules.count) }
        for (index, rule) in rules.enumerated() {
            switch rule.kind {
            case .model: continue
            case .command:
                let asked = answers.indices.filter { known[$0] == nil }
                let found = try RewardCommand(rule).rewards(of: asked.map { answers[$0] })
                for (answer, reward) in zip(asked, found) { rewards[answer][index] = reward }
                for answer in answers.indices {
                    if let known = known[answer] { rewards[answer][index] = known[index] }
                }
            default:
                for (number, answer) in answers.enumerated() {
                    rewards[number][index] = try reward(rule, index, answer)
                }
            }
        }
        return rewards
    }

    /// The weighted sum of rewards; nil where none is known.
    func total(_ rewards: [Double?]) -> Double? {
        guard rewards.contains(where: { $0 != nil }) else { return nil }
        return zip(rules, rewards).reduce(0) { $0 + $1.0.weight * ($1.1 ?? 0) }
    }

    /// Whether all rules that tell right from wrong call an answer right.
    func isRight(_ rewards: [Double?]) -> Bool {
        zip(rules, rewards).allSatisfy { !$0.kind.isOfRight || $1 == 1 }
    }

    // MARK: Rules

    private func reward(
        _ rule: RewardRule, _ index: Int, _ answer: JudgedAnswer
    ) throws -> Double? {
        let wanted = try rule.field.map { try self.wanted(rule, of: answer.prompt, $0) }
        switch (rule.kind, wanted) {
        case (.exact, .text(let text)): return answer.text.trimmed == text.trimmed ? 1 : 0
        case (.number, .number(let number)):
            guard let found = answer.text.lastNumber else { return 0 }
            return abs(found - number) <= 1e-9 * max(1, abs(number)) ? 1 : 0
        case (.regex, .pattern(let pattern)):
            return pattern.matches(in: answer.text).isEmpty ? 0 : 1
        case (.regex, _): return patterns[index]?.matches(in: answer.text).isEmpty == false ? 1 : 0
        case (.jsonSchema, .schema(let schema)): return schema.accepts(text: answer.text) ? 1 : 0
        case (.jsonSchema, _): return schemas[index]?.accepts(text: answer.text) == true ? 1 : 0
        case (.length, .number(let length)):
            let count = Double(answer.tokenCount)
            return 1 - min(1, abs(count - length) / max(1, length))
        case (.length, _): return 1 - Double(answer.tokenCount) / Double(maximumTokens)
        default: return nil
        }
    }

    /// What a field says.
    private enum Wanted {
        case text(String)
        case number(Double)
        case pattern(TextPattern)
        case schema(JSONSchemaCheck)
    }

    private func wanted(
        _ rule: RewardRule, of prompt: Prompt, _ field: String
    ) throws -> Wanted {
        let value = prompt.record[field] ?? .null
        func refuse(_ expected: String) -> Failure {
            Failure(
                "a prompt does not say what its answers are rewarded for",
                expected: "\(expected) as \(field), for the reward \(rule.kind.rawValue)",
                got: prompt.record[field]?.summary ?? "no such field", at: prompt.place,
                remedy: FailureText(
                    "correct the record, or \(key: "finetune.policy.rewards")"))
        }
        switch rule.kind {
        case .exact:
            guard let text = value.string ?? value.double.map({ _ in value.text() }) else {
                throw refuse("a text or a number")
            }
            return .text(text)
        case .number, .length:
            guard let number = value.double ?? value.string?.lastNumber else {
                throw refuse("a number")
            }
            return .number(number)
        case .regex:
            guard let text = value.string else { throw refuse("a pattern") }
            return .pattern(try TextPattern(text))
        case .jsonSchema:
            guard value.members != nil || value.boolean != nil else { throw refuse("a schema") }
            return .schema(try JSONSchemaCheck(value, at: prompt.place))
        case .model, .command: return .text("")
        }
    }
}

extension RewardRule.Kind {
    /// Whether it gives 1 to a right answer and 0 to a wrong one.
    fileprivate var isOfRight: Bool {
        switch self {
        case .exact, .number, .regex, .jsonSchema: true
        case .length, .model, .command: false
        }
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }

    /// The last number of the text, whose thousands may be parted by commas.
    fileprivate var lastNumber: Double? {
        matches(of: /-?\d[\d,]*(?:\.\d+)?/).last.flatMap {
            Double($0.output.replacing(",", with: ""))
        }
    }
}

// MARK: Reward models

/// A model that scores answers.
package struct RewardModel {
    private let loaded: LoadedModel
    private let encoder: PreferenceEncoder

    /// - Throws: `Failure` for a model that is no reward model.
    package init(_ loaded: LoadedModel, at path: String) throws {
        guard loaded.labels?.count == 1 else {
            throw Failure(
                FailureText("\(key: "finetune.policy.rewards") names no reward model"),
                expected: "a head of one value", got: "a model without", at: path,
                remedy: FailureText("train it with \(key: "finetune.task")=reward first"),
                kind: .usage)
        }
        self.loaded = loaded
        encoder = PreferenceEncoder(
            tokenizer: loaded.tokenizer,
            template: try ChatTemplate.template(
                nil, model: path, base: nil, tokenizer: loaded.tokenizer),
            sequenceLength: loaded.model.configuration.contextLength)
    }

    /// The scores of answers, the same on all ranks, on which they all are known. Collective.
    package func scores(
        of answers: [JudgedAnswer], over communicator: any Communicator
    ) throws -> [Double?] {
        let examples = try communicator.agree {
            try answers.map { answer in
                let said = TemplateMessage(ChatMessage(.assistant, answer.text))
                return try encoder.scoredText(
                    Conversation(
                        messages: answer.prompt.messages + [said], tools: answer.prompt.tools,
                        place: answer.prompt.place))
            }
        }
        let scores = try ClassScores(of: examples, by: loaded.model, over: communicator)
        try communicator.agree {
            guard let index = scores.firstNonFinite else { return }
            throw Failure(
                "the reward of an answer is not finite", expected: "a number",
                got: "\(scores.rows[index])", at: answers[index].prompt.place,
                remedy: "the reward model has diverged: take an earlier checkpoint of it")
        }
        return scores.rows.map { Double($0[0]) }
    }
}

extension AnswerJudge {
    /// Bytes of the reward models that are not loaded yet.
    func bytesToLoad() throws -> Int {
        try rules.enumerated().filter { $1.kind == .model && models[$0] == nil }
            .compactMap(\.element.path).reduce(0) {
                try $0
                    + ReferenceModel(path: $1, base: nil).byteCount(
                        roundsWeights: false, classCount: 1)
            }
    }

    /// Loads the reward models on every rank. Collective.
    mutating func loadModels(
        on device: () -> Device, over communicator: any Communicator
    ) throws {
        for (index, rule) in rules.enumerated() where rule.kind == .model {
            guard let path = rule.path else { continue }
            let loaded = try communicator.agree {
                try LoadedModel(path, device: device(), copyCount: communicator.neighbourCount)
            }
            models[index] = try communicator.agree { try RewardModel(loaded, at: path) }
            try RankInputs(loaded.model, at: path).requireEqual(over: communicator)
        }
    }

    /// Fills in the rewards by models. Collective.
    func scoreByModels(
        _ answers: [JudgedAnswer], _ rewards: inout [[Double?]],
        over communicator: any Communicator
    ) throws {
        for (index, model) in models.sorted(by: { $0.key < $1.key }) {
            let scores = try model.scores(of: answers, over: communicator)
            for (answer, score) in scores.enumerated() { rewards[answer][index] = score }
        }
    }
}
