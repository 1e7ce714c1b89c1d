/// Where a run's weights come from.
package struct InitOptions: OptionBlock {
    /// A model directory to go on from (continued pretraining, fine-tuning); without it the
    /// weights are drawn at random from the seed.
    package var from: String?

    package init() {}

    package static var fields: [OptionField<InitOptions>] {
        [OptionField("from", \.from).naming(.input)]
    }
}
