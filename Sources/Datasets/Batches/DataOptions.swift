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
    /// Several sources in the place of `train`, with weights or budgets of tokens.
    package var sources: [DataSource] = []
    /// Other weights of the sources from a step on.
    package var stages: [DataStage] = []
    /// Whether the documents of a window see each other; usual joined.
    package var documentAttention = DocumentAttention.joined
    /// Where the shards lie; usual shared.
    package var placement = DataPlacement.shared

    package init() {}

    package static var fields: [OptionField<DataOptions>] {
        [
            OptionField("train", \.train, .decidesWeights).naming(.input),
            OptionField("validation", \.validation, .decidesWeights).naming(.input).also(
                in: "evaluate"),
            OptionField("tokenizer", \.tokenizer, .decidesWeights).naming(.input).settledAtStart,
            OptionField("shuffle", \.shuffle, .decidesWeights).also(in: "finetune"),
            OptionField("sources", \.sources, .decidesWeights).naming(.input).addedLater,
            OptionField("stages", \.stages, .decidesWeights).addedLater,
            OptionField("document_attention", \.documentAttention, .decidesWeights).addedLater,
            OptionField("placement", \.placement, .changesFreely).also(in: "evaluate").addedLater,
        ]
    }
}

/// Whether the documents that share a window see each other.
package enum DocumentAttention: String, OptionChoice {
    /// A token sees all before it in its window.
    case joined
    /// A token sees its own document alone.
    case separate
}

/// Where the shards of a run lie.
package enum DataPlacement: String, OptionChoice {
    /// Every host has them all, on a file system of its own or one that all share.
    case shared
    /// Every host has some, and gets the rest of a batch as ids from those that have it.
    case local
}
