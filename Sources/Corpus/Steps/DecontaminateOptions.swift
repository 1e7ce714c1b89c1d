import Options

/// What becomes of documents that share words with an evaluation.
package enum ContaminationAction: String, OptionChoice {
    case drop, cut
}

/// Evaluation files whose words no training text may have.
package struct DecontaminateOptions: OptionBlock {
    /// The files: plain text, or records, all of whose strings count.
    package var files: [String] = []
    /// Words in a row; usual 13.
    package var ngram = 13
    package var action = ContaminationAction.drop

    package init() {}

    package static var fields: [OptionField<DecontaminateOptions>] {
        [
            OptionField("files", \.files, .changesFreely).naming(.input),
            OptionField("ngram", \.ngram, .atLeast(1), .changesFreely),
            OptionField("action", \.action, .changesFreely),
        ]
    }
}
