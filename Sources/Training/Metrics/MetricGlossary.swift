/// What each metric of a run means, and what it looks like where all goes well.
package enum MetricGlossary {
    package struct Entry: Sendable {
        /// Its name in metrics.jsonl.
        package let name: String
        /// Its names in TensorBoard.
        package let tags: [String]
        package let meaning: String
        package let good: String
    }

    package static let entries = common + measures

    /// What objectives tell beside the loss.
    package static let measures = preferences + rewards + policies

    private static let common: [Entry] = [
        Entry(
            name: "loss", tags: ["train/loss", "loss_metrics/global_avg_loss"],
            meaning: "how much the next token surprises the model, in nats a token, averaged over "
                + "the batch of all ranks before the update",
            good: "begins near the logarithm of the vocabulary's size, falls fast, then slowly"),
        Entry(
            name: "learning_rate", tags: ["train/learning_rate", "lr"],
            meaning: "how far an update moves the weights",
            good: "rises through the warm-up, then falls along the schedule"),
        Entry(
            name: "gradient_norm", tags: ["train/gradient_norm", "grad_norm"],
            meaning: "the length of the gradient of all trained weights, before it is clipped",
            good: "large at first, then steady, often 0.2 to 2; peaks now and then are clipped"),
        Entry(
            name: "tokens", tags: ["train/tokens"],
            meaning: "tokens seen since the start of the run", good: "grows by the global batch"),
        Entry(
            name: "tokens_per_second", tags: ["train/tokens_per_second", "throughput(tps)"],
            meaning: "tokens of the step of all ranks through its seconds",
            good: "steady; a fall means that something else has the processor, the disk or the link"
        ),
        Entry(
            name: "seconds.NAME", tags: ["seconds/NAME"],
            meaning: "seconds of the parts of a step on the first rank: compute, update, data, "
                + "rollout (answers of the model, and their rewards), reduce (waiting for other "
                + "ranks), outer, and total",
            good: "compute has nearly all; much reduce: a slow link, or a rank that others wait for"
        ),
        Entry(
            name: "peak_memory_bytes",
            tags: ["train/peak_memory_bytes", "memory/max_active(GiB)"],
            meaning: "the most memory that the first rank has held so far",
            good: "constant after the first steps"),
        Entry(
            name: "loss of kind validation", tags: ["validation/loss", "validation_metrics/loss"],
            meaning: "the loss on text that is never trained on",
            good:
                "falls with the loss; where it rises while the loss falls, the model learns by heart"
        ),
        Entry(
            name: "METRIC of kind tasks", tags: ["tasks/NAME/METRIC"],
            meaning: "what the model reaches in a task of evaluate.tasks, as evaluate --tasks "
                + "measures it",
            good: "acc leaves the share of guessing, often late, and rises; perplexity falls"),
        Entry(
            name: "loss of kind outer", tags: ["outer/loss"],
            meaning: "the average loss of all islands since the outer step before",
            good: "falls as the loss does"),
        Entry(
            name: "skipped_steps", tags: ["outer/skipped_steps"],
            meaning: "steps of islands whose gradient was not finite", good: "0"),
        Entry(
            name: "sent_bytes", tags: ["outer/sent_bytes"],
            meaning: "bytes that the first rank sent to other islands in an outer step",
            good: "constant for each fragment"),
    ]

    /// What preference tuning tells of each step, and of validation, under the names of TRL.
    private static let preferences: [Entry] = [
        measure(
            "rewards/chosen",
            "beta times how much likelier than to the reference the better answers are to the model",
            "0 at first; may fall a little where rewards/rejected falls more"),
        measure(
            "rewards/rejected", "the same of the worse answers", "0 at first, then falls"),
        measure(
            "rewards/margins", "rewards/chosen less rewards/rejected",
            "0 at first, then grows to 0.5 or 2; much more: the model leaves its reference"),
        measure(
            "rewards/accuracies", "the share of pairs whose better answer has the higher reward",
            "0 at first, as no reward is higher; then 0.6 to 0.9, on validation data too"),
        measure(
            "logps/chosen",
            "the log-probability of the better answers, in nats an answer; with orpo and simpo, "
                + "and without a reference, a token", "steady, or falls slowly"),
        measure(
            "logps/rejected", "the same of the worse answers", "falls faster than logps/chosen"),
        measure(
            "logits/chosen", "the average logit at the tokens of the better answers",
            "moves slowly"),
        measure("logits/rejected", "the same of the worse answers", "moves slowly"),
        measure(
            "entropy", "how undecided the model is at a token of an answer, in nats",
            "steady; towards 0: it repeats itself"),
        measure(
            "mean_token_accuracy",
            "the share of the tokens of better answers that the model finds likeliest", "steady"),
        measure(
            "num_tokens", "tokens of all texts so far, with the last of each", "grows evenly"),
        measure(
            "nll_loss",
            "the cross-entropy of the better answers, of cpo and sft, with their prompts of orpo, "
                + "in nats a token", "falls"),
        measure(
            "log_odds_chosen",
            "of orpo: the logarithm of how much better the odds of the better "
                + "answers are", "grows"),
        measure(
            "log_odds_ratio", "of orpo: the logarithm of the logistic function of that",
            "-0.69 at equal odds, then rises towards 0"),
        measure(
            "kl",
            "with finetune.policy.kl how far the model is from the one that training "
                + "starts with, in nats a token; of kto how far it is from its reference, "
                + "by answers to other prompts",
            "0 at first, then small"),
    ]

    /// What the training of a reward model tells, under the names of TRL but for longer_wins.
    private static let rewards: [Entry] = [
        measure(
            "accuracy",
            "of a reward model the share of pairs whose better answer has the higher "
                + "score; of a policy the share of held-out prompts whose likeliest answer "
                + "is right by all rewards of kind exact, number, regex and json_schema",
            "of pairs 0.5 at first, then above longer_wins; of answers it rises"),
        measure(
            "longer_wins",
            "the share of pairs whose better answer is the longer one, equal ones "
                + "half: what is right without reading", "constant for a set of pairs"),
        measure(
            "margin", "the average score of the better answers less that of the worse ones",
            "0 at first, then grows"),
        measure("mean_reward", "the average score", "near 0 with centering, else anywhere"),
        measure("min_reward", "the lowest score", "finite"),
        measure("max_reward", "the highest score", "finite"),
    ]

    static func measure(_ name: String, _ meaning: String, _ good: String) -> Entry {
        Entry(
            name: name, tags: ["train/\(name)", "validation/\(name)"], meaning: meaning, good: good)
    }

    /// The measures of objectives that the log shows beside the loss.
    package static let shown = [
        "reward", "rewards/accuracies", "rewards/margins", "kl", "accuracy", "longer_wins",
        "margin",
    ]

    /// A table in Markdown, one line a metric.
    package static var markdown: String {
        let header = ["metric", "in TensorBoard", "what it is", "good looks like"]
        let rows = entries.map { entry in
            [
                "`\(entry.name)`", entry.tags.map { "`\($0)`" }.joined(separator: ", "),
                entry.meaning, entry.good,
            ]
        }
        return ([header, header.map { _ in "---" }] + rows)
            .map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    /// A paragraph for each metric.
    package static var text: String {
        entries.map { entry in
            """
            \(entry.name)  (TensorBoard: \(entry.tags.joined(separator: ", ")))
              What it is: \(entry.meaning).
              Good looks like: \(entry.good).
            """
        }.joined(separator: "\n\n")
    }
}
