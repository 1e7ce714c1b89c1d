import Models
import Options

/// Where a run's weights come from.
package struct InitOptions: OptionBlock {
    /// A model directory to go on from (continued pretraining, fine-tuning); without it the
    /// weights are drawn at random from the seed.
    package var from: String?

    package init() {}

    package static var fields: [OptionField<InitOptions>] {
        let sizes = ModelOptions.sizeKeys.map { "model.\($0)" }
        return [OptionField("from", \.from, .decidesWeights).naming(.input).replacing(sizes)]
    }
}
