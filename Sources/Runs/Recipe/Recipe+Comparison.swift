import Diagnostics
import Evaluation

extension Recipe {
    /// The comparison that the phase evaluate is to make; nil for none.
    ///
    /// - Throws: `Failure` where the system cannot find out what was trained.
    func contest() throws(Failure) -> PairwiseContest? {
        let source = try fineTuneSource
        guard let prompts = pairwise.prompts, let against = pairwise.against ?? source else {
            return nil
        }
        let judge: PairwiseContest.Judge =
            pairwise.command.map { .command($0, seconds: pairwise.timeoutSeconds) }
            ?? .model(pairwise.judge ?? "")
        var contest = PairwiseContest(
            candidate: "\(fineTuneOutput)/checkpoints/latest", against: against, prompts: prompts,
            judge: judge)
        contest.template = finetune.template
        contest.maximumTokens = pairwise.maximumNewTokens
        contest.temperature = pairwise.temperature
        (contest.seed, contest.limit) = (seed, evaluate.limit)
        return contest
    }

    /// Throws a usage `Failure` where a comparison is wanted that cannot be made.
    func validateComparison() throws {
        guard pairwise.prompts != nil else { return }
        try pairwise.validate()
        func refuse(_ what: FailureText, _ expected: String, _ got: String, _ remedy: String) throws
        {
            throw Failure(what, expected: expected, got: got, remedy: remedy, kind: .usage)
        }
        let tuned = phases.prefix { $0 != .evaluate }.contains(.finetune)
        if !tuned {
            try refuse(
                FailureText("\(key: "evaluate.pairwise.prompts") compares what was fine-tuned"),
                "the phase finetune before evaluate",
                phases.map(\.rawValue).joined(separator: ", "),
                "add the phase, or use evaluate --pairwise")
        }
        if finetune.task.hasHead {
            try refuse(
                FailureText("\(key: "evaluate.pairwise.prompts") compares answers"),
                "a task whose models write text", finetune.task.rawValue, "leave the block out")
        }
        if finetune.checkpoint.keepBest {
            try refuse(
                FailureText("\(key: "finetune.checkpoint.keep_best") and a comparison"),
                "one that says which checkpoint is the best", "both",
                "leave out keep_best, or evaluate.pairwise")
        }
    }
}
