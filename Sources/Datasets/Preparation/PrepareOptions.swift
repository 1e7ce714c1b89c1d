import Options

/// The text that becomes token shards, and their place.
package struct PrepareOptions: OptionBlock {
    /// The text files, each a document, or directories of them; also what the tokenizer is trained on.
    package var input: [String] = []
    /// The directory of the shards; by default OUTPUT/shards.
    package var output: String?
    /// Share of the text kept for validation, from its end; 0 keeps none; usual 0.01 to 0.1.
    package var validationFraction = 0.1
    /// Megabytes (MiB) of text in a shard; usual 256 to 4096.
    package var shardMegabytes = 1024

    package init() {}

    /// Bytes of text in a shard.
    package var shardSize: Int { min(shardMegabytes, 1 << 30) << 20 }

    package static var fields: [OptionField<PrepareOptions>] {
        [
            OptionField("input", \.input, .changesFreely).naming(.input),
            OptionField("output", \.output, .changesFreely).naming(.output).also(
                in: "pretrain", "evaluate"),
            OptionField(
                "validation_fraction", \.validationFraction, .fromZeroBelowOne, .changesFreely
            )
            .also(in: "pretrain", "evaluate"),
            OptionField("shard_megabytes", \.shardMegabytes, .atLeast(1), .changesFreely)
                .addedLater,
        ]
    }
}
