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

    init(_ rule: RewardRule) {
        precondition(rule.kind == .command, "expected a command, got \(rule.kind)")
        self.rule = rule
    }

    /// - Throws: `Failure` that names the first answer without a reward, after the last attempt.
    func rewards(of answers: [JudgedAnswer]) throws -> [Double?] {
        let result = try LineCommand(rule.path ?? "", seconds: rule.timeoutSeconds).answers(
            to: answers.map(Self.line), Self.reward)
        guard result.found.count == answers.count else {
            let missing = answers[result.found.count]
            throw Failure(
                "a reward command gave no reward for an answer, \(LineCommand.attemptCount) times",
                expected: #"a line such as {"reward": 0.5}, or null as the reward"#,
                got: result.problem,
                at: "answer \(missing.number) of the step, to \(missing.prompt.place)",
                remedy: FailureText(
                    "try the command \(rule.path ?? ""), or raise its timeout_seconds in \(key: "finetune.policy.rewards")"
                ))
        }
        return result.found
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

    private static func reward(_ line: JSONValue) -> Double?? {
        guard let value = line["reward"] else { return nil }
        if value.isNull { return .some(nil) }
        guard let number = value.double, number.isFinite else { return nil }
        return number
    }
}
