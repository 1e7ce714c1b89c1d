import Objectives

/// How much better answers, or their tokens, are than others.
extension PolicyExperience {
    func setAdvantages(of answers: inout [RolloutAnswer]) {
        for index in answers.indices {
            answers[index].judgedReward = answers[index].reward.map {
                $0 - divergence(of: answers[index])
            }
        }
        if settings.learnsValues {
            setTokenAdvantages(of: &answers)
        } else {
            setGroupAdvantages(of: &answers)
        }
    }

    private func setGroupAdvantages(of answers: inout [RolloutAnswer]) {
        for start in stride(from: 0, to: answers.count, by: settings.groupSize) {
            let group = start..<start + settings.groupSize
            let advantages = GroupAdvantages(
                answers[group].map(\.judgedReward), settings.algorithm)
            for (index, advantage) in zip(group, advantages.values) {
                answers[index].advantage = advantage
            }
        }
    }

    /// By the values that the tokens had when they were drawn.
    private func setTokenAdvantages(of answers: inout [RolloutAnswer]) {
        let tokens = TokenAdvantages(
            answers.map { answer in
                guard let reward = answer.reward, let estimates = answer.estimates else {
                    return nil
                }
                return .init(
                    reward: reward, penalties: penalties(of: answer),
                    values: estimates.values.map(Double.init))
            }, gamma: settings.gamma, lambda: settings.lambda)
        for index in answers.indices {
            answers[index].estimates?.advantages = tokens.advantages[index]
            answers[index].estimates?.returns = tokens.returns[index]
            answers[index].advantage = tokens.advantages[index].average ?? 0
        }
    }

    /// What rloo and ppo take off a reward.
    private func divergence(of answer: RolloutAnswer) -> Double {
        guard settings.algorithm != .grpo, let references = answer.references else { return 0 }
        let sum = zip(answer.likelihoods, references).reduce(0.0) {
            $0 + Double($1.0) - Double($1.1)
        }
        return settings.divergenceWeight * sum
    }

    /// What ppo takes off the reward of each token for it.
    private func penalties(of answer: RolloutAnswer) -> [Double] {
        guard let references = answer.references else {
            return Array(repeating: 0, count: answer.ids.count)
        }
        return zip(answer.likelihoods, references).map {
            settings.divergenceWeight * (Double($0) - Double($1))
        }
    }
}
