import Collectives
import Datasets
import Diagnostics
import Training

/// What answers are worth, and what those to held-out prompts are.
extension PolicyExperience {
    /// The answers of all ranks with their rewards, the same on each. Collective.
    ///
    /// - Parameters:
    ///   - drawn: those of this rank, whose numbers are `own`.
    ///   - prompts: of all answers.
    ///   - recorded: answers of before, whose rewards by commands are known if they are the same.
    func judged(
        _ drawn: [RolloutAnswer], _ own: [Int], _ prompts: [Prompt], _ recorded: [RolloutAnswer],
        _ communicator: any Communicator
    ) throws -> [RolloutAnswer] {
        func seen(_ answer: RolloutAnswer, _ number: Int) -> JudgedAnswer {
            JudgedAnswer(
                prompt: prompts[number], text: answer.text, tokenCount: answer.ids.count,
                number: number)
        }
        var drawn = drawn
        let rewards = try communicator.agree {
            let known = zip(own, drawn).map { number, answer -> [Double?]? in
                guard recorded.indices.contains(number),
                    recorded[number].promptIDs == answer.promptIDs,
                    recorded[number].ids == answer.ids
                else { return nil }
                return recorded[number].rewards
            }
            return try parts.judge.rewards(of: zip(drawn, own).map(seen), known: known)
        }
        for (index, rewards) in rewards.enumerated() { drawn[index].rewards = rewards }
        var all = try gathered(own, drawn, count: prompts.count, communicator)
        var whole = all.map(\.rewards)
        try parts.judge.scoreByModels(
            zip(all, all.indices).map(seen), &whole, over: communicator)
        for (index, rewards) in whole.enumerated() {
            all[index].rewards = rewards
            all[index].reward = parts.judge.total(rewards)
            all[index].judgedReward = all[index].reward
        }
        return all
    }

    /// The answers of all ranks on each. Collective.
    ///
    /// - Parameters:
    ///   - own: the numbers of those that this rank brings.
    ///   - count: of all of them.
    func gathered(
        _ own: [Int], _ answers: [RolloutAnswer], count: Int, _ communicator: any Communicator
    ) throws -> [RolloutAnswer] {
        try RolloutAnswer.gathered(own, answers, count: count, names: names, communicator)
    }

    // MARK: What is held out

    /// The likeliest answer to each held-out prompt, and as many that are drawn as a group has.
    ///
    /// The loss is the average reward of those that are drawn, with the other sign.
    func validate(
        step: Int, over communicator: any Communicator
    ) throws -> ExperiencedValidation? {
        guard !parts.validation.isEmpty else { return nil }
        let size = settings.groupSize + 1
        let own = AnswerShares(
            promptLengths: parts.validation.map(\.ids.count), groupSize: size,
            worldSize: communicator.worldSize
        ).ranks[communicator.rank]
        let drawn = try communicator.agree {
            try parts.sampling.answers(
                own.map { number in
                    .init(
                        promptIDs: parts.validation[number / size].ids,
                        sample: Self.firstSampleHeldOut + number,
                        isGreedy: number.isMultiple(of: size))
                })
        }
        let prompts = parts.validation.flatMap { Array(repeating: $0.prompt, count: size) }
        let all = try judged(drawn, own, prompts, [], communicator)
        let sampled = all.indices.filter { !$0.isMultiple(of: size) }.map { all[$0] }
        var measures = RolloutMeasures(sampled, settings, names: names).values
        if parts.judge.knowsRight {
            let right = all.map { parts.judge.isRight($0.rewards) ? 1.0 : 0 }
            let firsts = stride(from: 0, to: all.count, by: size)
            measures["accuracy"] = firsts.map { right[$0] }.average
            measures["pass@\(settings.groupSize)"] =
                firsts.map { right[$0 + 1..<$0 + size].max() ?? 0 }.average
        }
        return ExperiencedValidation(loss: -(measures["reward"] ?? 0), measures: measures)
    }

    /// The number of the first answer to a held-out prompt, apart from those that are learnt from.
    private static let firstSampleHeldOut = 1 << 31
}
