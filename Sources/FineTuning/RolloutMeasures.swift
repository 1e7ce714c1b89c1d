import Objectives

/// What is told of the answers of a step, under the names of TRL.
struct RolloutMeasures {
    let values: [String: Double]
    /// Groups of which no answer is better than another, and all groups.
    let flatCount: Int
    let groupCount: Int
    /// Answers that no rule can judge.
    let unjudgedCount: Int

    private let comparesGroups: Bool

    /// - Parameter names: those of the rules.
    init(_ answers: [RolloutAnswer], _ settings: PolicySettings, names: [String]) {
        let groupSize = settings.groupSize
        comparesGroups = !settings.learnsValues
        let groups = stride(from: 0, to: answers.count, by: groupSize).map { start in
            GroupAdvantages(
                answers[start..<min(start + groupSize, answers.count)].map(\.judgedReward), .grpo)
        }
        flatCount = groups.count(where: \.isFlat)
        groupCount = groups.count
        unjudgedCount = answers.count { $0.reward == nil }
        var values = Self.lengths(answers)
        let rewards = GroupAdvantages(answers.map(\.reward), .grpo)
        values["reward"] = rewards.mean
        values["reward_std"] = rewards.deviation
        if groupSize > 1 {
            values["frac_reward_zero_std"] = Double(flatCount) / Double(max(1, groups.count))
        }
        for (index, name) in names.enumerated() {
            let all = GroupAdvantages(
                answers.map { $0.rewards.indices.contains(index) ? $0.rewards[index] : nil },
                .grpo)
            values["rewards/\(name)/mean"] = all.mean
            values["rewards/\(name)/std"] = all.deviation
        }
        self.values = values
    }

    /// How long they are, and how many have no end.
    static func lengths(_ answers: [RolloutAnswer]) -> [String: Double] {
        let all = answers.map { Double($0.ids.count) }
        let ended = answers.filter(\.isComplete).map { Double($0.ids.count) }
        var values = [
            "completions/clipped_ratio": 1 - Double(ended.count) / Double(max(1, all.count))
        ]
        for (name, lengths) in [("length", all), ("terminated_length", ended)] {
            values["completions/mean_\(name)"] = lengths.average ?? 0
            values["completions/min_\(name)"] = lengths.min() ?? 0
            values["completions/max_\(name)"] = lengths.max() ?? 0
        }
        return values
    }

    /// What the log says of it; nil for nothing.
    var note: String? {
        if comparesGroups && flatCount == groupCount {
            return "no answer is better than another in any of the \(groupCount) groups: nothing "
                + "is learnt from them"
        }
        guard unjudgedCount > 0 else { return nil }
        return "\(unjudgedCount) answers could not be judged, and are not learnt from"
    }
}

extension [Double] {
    /// Nil of none.
    var average: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}
