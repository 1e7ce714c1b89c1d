extension MetricGlossary {
    /// What learning from a model's own answers tells, under the names of TRL but for the last three.
    static let policies: [Entry] = [
        measure(
            "reward",
            "the average reward of the answers of a step",
            "rises; a sudden rise with shorter or stranger answers: look at "
                + "rollouts/step-N.jsonl"),
        measure(
            "reward_std",
            "the deviation of the rewards of all answers of a step",
            "above 0: where all answers are worth the same nothing is learnt"),
        measure(
            "frac_reward_zero_std",
            "the share of prompts whose answers all have the same reward",
            "well below 1; near 1: prompts are too hard or too easy, or raise "
                + "finetune.policy.group_size"),
        measure(
            "rewards/NAME/mean",
            "the average of one of finetune.policy.rewards, without its weight; NAME "
                + "is its kind",
            "those with a weight above 0 rise"),
        measure(
            "rewards/NAME/std",
            "its deviation over all answers of the step",
            "above 0"),
        measure(
            "completions/mean_length",
            "the average length of the answers, in tokens with the one that ends them",
            "moves slowly; a run that learns to be long, or to say nothing, moves "
                + "fast"),
        measure(
            "completions/min_length",
            "the shortest answer",
            "above 1"),
        measure(
            "completions/max_length",
            "the longest answer",
            "below finetune.policy.maximum_new_tokens now and then"),
        measure(
            "completions/mean_terminated_length",
            "the average length of the answers that end by themselves",
            "near completions/mean_length"),
        measure(
            "completions/min_terminated_length",
            "the shortest of them",
            "above 1"),
        measure(
            "completions/max_terminated_length",
            "the longest of them",
            "below finetune.policy.maximum_new_tokens"),
        measure(
            "completions/clipped_ratio",
            "the share of answers that have no end and are cut",
            "near 0; near 1: raise finetune.policy.maximum_new_tokens, or the model "
                + "knows no end"),
        measure(
            "clip_ratio/low_mean",
            "the share of tokens, with rloo of answers, whose ratio of probabilities "
                + "lies below 1 - clip_low and no longer counts",
            "0 in a first update on its answers, then below 0.1"),
        measure(
            "clip_ratio/low_min",
            "the same of the answer that has the lowest share",
            "0 in a first update"),
        measure(
            "clip_ratio/high_mean",
            "the share whose ratio lies above 1 + clip_high",
            "0 in a first update, then below 0.1"),
        measure(
            "clip_ratio/high_max",
            "the same of the answer that has the highest share",
            "0 in a first update"),
        measure(
            "clip_ratio/region_mean",
            "the sum of both shares",
            "0 in a first update, then below 0.2"),
        measure(
            "loss/policy_avg",
            "with ppo the part of the loss that makes tokens likelier or less likely",
            "around 0: advantages average 0"),
        measure(
            "loss/value_avg",
            "with ppo half the squared distance of the value head from what became of the answers, before "
                + "finetune.policy.value_weight",
            "falls, down to what chance leaves over"),
        measure(
            "policy/approxkl_avg",
            "with ppo half the squared change of log-probabilities since the answers were drawn: about the "
                + "divergence",
            "0 in a first update, then below 0.1"),
        measure(
            "val/clipfrac_avg",
            "with ppo the share of tokens whose value lies further than value_clip from what it was, and no "
                + "longer counts",
            "0 in a first update, then below 0.2"),
        measure(
            "logps/unequal",
            "the tokens whose log-probability is not, bit for bit, that which they "
                + "had when they were drawn",
            "0 in every first update on its answers; more later, as the model moves"),
        measure(
            "on_policy",
            "1 where a student wrote the answers of the step itself, 0 where they are those of the "
                + "data",
            "its average is finetune.distillation.on_policy"),
        measure(
            "pass@k",
            "on held-out prompts: the share of which one of k answers, as many as a "
                + "group has, is right",
            "above accuracy, and rises"),
    ]
}
