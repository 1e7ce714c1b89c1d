import Models
import Options

/// The adapters of fine-tuning with `finetune.trained: lora`.
package struct LoRAOptions: OptionBlock {
    /// r: the inner size of an adapter; usual 4 to 64.
    package var rank = 8
    /// The change counts alpha / r times; usual one to two times the rank.
    package var alpha = 16.0
    /// Share of an adapter's inputs set to zero in training; usual 0 to 0.1.
    package var dropout = 0.0
    /// The ends of the names of the layers that get an adapter; usual all-linear.
    package var targetModules = [LoRAConfiguration.allModules]
    /// Whether the change counts alpha / sqrt(r) times: rank-stabilised LoRA.
    package var rankStabilized = false
    /// Whether the length of each output's weights is trained on its own: DoRA.
    package var dora = false

    package init() {}

    package static var fields: [OptionField<LoRAOptions>] {
        [
            OptionField("rank", \.rank, .atLeast(1), .decidesWeights),
            OptionField("alpha", \.alpha, .aboveZero, .decidesWeights),
            OptionField("dropout", \.dropout, .fromZeroBelowOne, .decidesWeights),
            OptionField("target_modules", \.targetModules, .decidesWeights),
            OptionField("rslora", \.rankStabilized, .decidesWeights),
            OptionField("dora", \.dora, .decidesWeights),
        ]
    }

    package var configuration: LoRAConfiguration {
        var lora = LoRAConfiguration()
        lora.rank = rank
        lora.alpha = alpha
        lora.dropoutRate = Float(dropout)
        lora.targetModules = targetModules
        lora.isRankStabilized = rankStabilized
        lora.decomposesWeights = dora
        return lora
    }
}
