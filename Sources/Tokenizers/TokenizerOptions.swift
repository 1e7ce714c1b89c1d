import Options

/// The tokenizer of a recipe: which is trained, and where it lies.
package struct TokenizerOptions: OptionBlock {
    /// The kinds of tokenizer that can be trained.
    package enum Kind: String, OptionChoice {
        /// Byte-level byte-pair encoding.
        case bpe
        /// Pieces of words with their probabilities, as SentencePiece has them, and bytes for rare characters.
        case unigram
        /// One token for each code point.
        case character
    }

    /// The kind of tokenizer that is trained; usual bpe.
    package var kind = Kind.bpe
    /// The pattern that cuts the text of a bpe tokenizer into words; usual gpt2 or llama3.
    package var pattern = TokenizerPattern.gpt2
    /// Tokens of a bpe or unigram tokenizer, with its 256 bytes and end of text; usual 4096 to 50257.
    package var vocabularySize = 4096
    /// Megabytes (MiB) of text, evenly spread over all of it, that it is trained on; by default all;
    /// usual 1024 to 16384 for a larger text.
    package var sampleMegabytes: Int?
    /// The tokenizer.json that is trained or used; by default OUTPUT/tokenizer.json.
    package var path: String?

    package init() {}

    package static var fields: [OptionField<TokenizerOptions>] {
        [
            OptionField("kind", \.kind, .changesFreely).replacing(["path"]).when(.missing("path")),
            OptionField("pattern", \.pattern, .changesFreely).replacing(["path"])
                .when(.missing("path"), .key("kind", is: "bpe")).addedLater,
            OptionField("vocabulary_size", \.vocabularySize, .atLeast(257), .changesFreely)
                .replacing(["path"])
                .when(.missing("path"), .key("kind", is: "bpe", "unigram")),
            OptionField("sample_megabytes", \.sampleMegabytes, .atLeast(1), .changesFreely)
                .replacing(["path"]).when(.missing("path")).addedLater,
            OptionField("path", \.path, .changesFreely).naming(.input).replacing([
                "kind", "pattern", "vocabulary_size", "sample_megabytes",
            ]),
        ]
    }
}
