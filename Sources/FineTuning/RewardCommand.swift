import Diagnostics
import Foundation
import JSON

/// A command of the user's that rewards answers.
///
/// It reads a line `{"prompt": ..., "completion": ..., ...}` for each answer, with the other fields of the
/// prompt's record, and writes a line `{"reward": number}` for each, in their order; `null` says that it
/// cannot judge the answer. Each rank runs it once a step, for the answers that it has drawn.
struct RewardCommand {
    private let rule: RewardRule

    /// How often an answer is asked for before the training is refused.
    private static let attemptCount = 3
    /// Characters of a line that a message shows.
    private static let shownCount = 200

    init(_ rule: RewardRule) {
        precondition(rule.kind == .command, "expected a command, got \(rule.kind)")
        self.rule = rule
    }

    /// - Throws: `Failure` that names the first answer without a reward, after the last attempt.
    func rewards(of answers: [JudgedAnswer]) throws -> [Double?] {
        var found: [Double?] = []
        var problem = ""
        for _ in 0..<Self.attemptCount where found.count < answers.count {
            let asked = answers.dropFirst(found.count)
            let result = try ShellCommand(rule.path ?? "").run(
                asked.map { Self.line($0) + "\n" }.joined(), seconds: rule.timeoutSeconds)
            problem = result.problem ?? "fewer lines than answers"
            for line in result.output.split(whereSeparator: \.isNewline).prefix(asked.count) {
                guard case .success(let reward) = Self.reward(String(line)) else {
                    problem = "the line \(line.prefix(Self.shownCount))"
                    break
                }
                found.append(reward)
            }
        }
        guard found.count == answers.count else {
            let missing = answers[found.count]
            throw Failure(
                "a reward command gave no reward for an answer, \(Self.attemptCount) times",
                expected: #"a line such as {"reward": 0.5}, or null as the reward"#,
                got: problem,
                at: "answer \(missing.number) of the step, to \(missing.prompt.place)",
                remedy: FailureText(
                    "try the command \(rule.path ?? ""), or raise its timeout_seconds in \(key: "finetune.policy.rewards")"
                ))
        }
        return found
    }

    /// What the command reads of an answer.
    private static func line(_ answer: JudgedAnswer) -> String {
        let record = answer.prompt.record
        var members: [JSONValue.Member] = []
        func add(_ name: String, _ value: JSONValue) {
            members.append(.init(key: Array(name.utf8), value: value))
        }
        add("prompt", record["prompt"] ?? .array(answer.prompt.messages.map(\.json)))
        add("completion", .string(answer.text))
        let taken: Set<String> = ["prompt", "completion"]
        members += (record.members ?? []).filter {
            !taken.contains(String(decoding: $0.key, as: UTF8.self))
        }
        return JSONValue.members(members).text()
    }

    private struct NoReward: Error {}

    private static func reward(_ line: String) -> Result<Double?, NoReward> {
        guard let json = try? JSONValue(parsing: Array(line.utf8), at: "an answer"),
            let value = json["reward"]
        else { return .failure(NoReward()) }
        if value.isNull { return .success(nil) }
        guard let number = value.double, number.isFinite else { return .failure(NoReward()) }
        return .success(number)
    }
}
