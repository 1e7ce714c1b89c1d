import Options

/// How a model learns to score answers, with `finetune.task: reward`.
package struct RewardOptions: OptionBlock {
    /// The field of a pair that tells how much better the better answer is; by default none.
    package var marginField: String?
    /// How much the squared sum of the two scores of a pair counts, which keeps scores around 0; usual
    /// 0 to 0.01.
    package var centering = 0.0

    package init() {}

    /// The name of the only value of the head.
    package static let label = "reward"

    package static var fields: [OptionField<RewardOptions>] {
        [
            OptionField("margin_field", \.marginField, .decidesWeights).addedLater,
            OptionField("centering", \.centering, .atLeast(0), .decidesWeights).addedLater,
        ]
    }
}
