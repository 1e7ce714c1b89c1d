import Datasets
import Diagnostics
import JSON
import Objectives

/// An answer that the model gave to a prompt, with all that is known of it.
package struct RolloutAnswer: Equatable, Sendable {
    package let promptIDs: [Int32]
    /// With the token that ended it.
    package var ids: [Int32]
    /// The log-probability of each of them when it was drawn.
    package var likelihoods: [Float]
    /// Those by the reference; nil without one.
    package var references: [Float]?
    /// Whether it ended by itself.
    package var isComplete: Bool
    package var text = ""
    /// What each rule gives it; nil where it cannot judge it.
    package var rewards: [Double?] = []
    /// Their weighted sum; nil where none could judge it.
    package var reward: Double?
    /// What counts: the reward, of which rloo takes the divergence from the reference.
    var judgedReward: Double?
    /// Of ppo the average of those of its tokens.
    package var advantage = 0.0
    /// What the value head expected before each token, and what became of it; nil without one.
    package var estimates: AnswerNumbers.Estimates?

    package init(
        promptIDs: [Int32], ids: [Int32], likelihoods: [Float], isComplete: Bool
    ) {
        (self.promptIDs, self.ids) = (promptIDs, ids)
        (self.likelihoods, self.isComplete) = (likelihoods, isComplete)
    }

    /// The sequence to learn from.
    var example: TokenExample {
        let targets = Array(repeating: -1, count: promptIDs.count - 1) + ids
        var example = TokenExample(inputs: promptIDs + ids.dropLast(), targets: targets)
        example.numbers =
            AnswerNumbers(
                advantage: advantage, sampled: likelihoods, references: references,
                estimates: estimates
            ).list
        return example
    }
}

/// The answers that a step learns from, and with it the steps that follow on the same.
package struct Rollout: Equatable, Sendable {
    /// The first of the steps, from 0.
    package var firstStep: Int
    package var answers: [RolloutAnswer]
}

// MARK: Lines of JSON

extension RolloutAnswer {
    /// - Parameter names: those of the rules.
    func json(names: [String], prompt: String? = nil) -> JSONValue {
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue) {
            members.append(.init(key: Array(name.utf8), value: value))
        }
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        add("prompt_ids", .array(promptIDs.map { .integer(Int($0)) }))
        add("completion_ids", .array(ids.map { .integer(Int($0)) }))
        add("logps", .array(likelihoods.map(JSONValue.float)))
        if let references { add("reference_logps", .array(references.map(JSONValue.float))) }
        add(
            "rewards",
            .members(
                zip(names, rewards).map { .init(key: Array($0.utf8), value: number($1)) }))
        add("reward", number(reward))
        add("advantage", .number(advantage))
        if let estimates {
            add("values", .array(estimates.values.map(JSONValue.float)))
            add("advantages", .array(estimates.advantages.map(JSONValue.number)))
        }
        add("ending", .string(isComplete ? "stop" : "length"))
        if let prompt { add("prompt", .string(prompt)) }
        add("completion", .string(text))
        return .members(members)
    }

    /// - Parameter isEnd: whether an answer has ended by itself, of one whose line does not say it.
    /// - Throws: `Failure` for a line that lacks tokens or their log-probabilities.
    init(
        _ json: JSONValue, names: [String], at place: String, isEnd: ([Int32]) -> Bool
    ) throws {
        func failure(_ expected: String, _ name: String) -> Failure {
            Failure(
                "an answer cannot be read", expected: "\(expected) as \(name)",
                got: json[name]?.summary ?? "none", at: place,
                remedy: "name a file as RUN/rollouts keeps them")
        }
        func ids(_ name: String) throws -> [Int32] {
            let list = json[name]?.array ?? []
            let ids = list.compactMap { $0.integer.flatMap(Int32.init(exactly:)) }
            guard !ids.isEmpty, ids.count == list.count, ids.allSatisfy({ $0 >= 0 }) else {
                throw failure("a list of tokens", name)
            }
            return ids
        }
        let completion = try ids("completion_ids")
        func likelihoods(_ name: String) throws -> [Float] {
            let values = (json[name]?.array ?? []).compactMap(\.double).map { Float($0) }
            guard values.count == completion.count, values.allSatisfy(\.isFinite) else {
                throw failure("a number for each of \(completion.count) tokens", name)
            }
            return values
        }
        self.init(
            promptIDs: try ids("prompt_ids"), ids: completion,
            likelihoods: try likelihoods("logps"),
            isComplete: json["ending"]?.string.map { $0 == "stop" } ?? isEnd(completion))
        if json["reference_logps"] != nil { references = try likelihoods("reference_logps") }
        if json["values"] != nil {
            estimates = .init(values: try likelihoods("values"), advantages: [], returns: [])
        }
        text = json["completion"]?.string ?? ""
        rewards = names.map { json["rewards"]?[$0]?.double }
        reward = json["reward"]?.double
        judgedReward = reward
        advantage = json["advantage"]?.double ?? 0
        guard (reward ?? 0).isFinite, advantage.isFinite else {
            throw failure("a finite number", "reward")
        }
    }
}
