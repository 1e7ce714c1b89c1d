import Options

/// The tokens that a run reads.
package struct DataOptions: OptionBlock {
    /// The training shards: a directory (its train-*.h5) or a glob; by default what the recipe's
    /// `prepare` phase writes.
    package var train: String?
    /// The validation shards: a directory (its validation-*.h5) or a glob; without it nothing
    /// is validated.
    package var validation: String?
    /// The tokenizer.json of the shards; by default the one that lies beside them.
    package var tokenizer: String?
    /// The order of the windows of an epoch; usual true, for a text of many shards blocks.
    package var shuffle = WindowOrder.shuffled

    package init() {}

    package static var fields: [OptionField<DataOptions>] {
        [
            OptionField("train", \.train, .decidesWeights).naming(.input),
            OptionField("validation", \.validation, .decidesWeights).naming(.input).also(
                in: "evaluate"),
            OptionField("tokenizer", \.tokenizer, .decidesWeights).naming(.input).settledAtStart,
            OptionField("shuffle", \.shuffle, .decidesWeights).also(in: "finetune"),
        ]
    }
}
