import Diagnostics
import Tokenizers

/// The chat template that a command talks with.
enum ChatSetup {
    /// That of the name, else that of the model directory.
    ///
    /// - Throws: `Failure` for an unknown name, for a model whose template was not written by this
    ///   program, and for one without any.
    static func template(
        _ name: String?, model directory: String, tokenizer: some Tokenizer
    ) throws -> ChatTemplate {
        if let name { return try ChatTemplate.named(name, for: tokenizer) }
        if let template = try ChatTemplate.load(directory: directory) { return template }
        throw Failure(
            "the model has no chat template", at: directory,
            remedy: "name one with --template, such as alpaca or chatml; a model that was not "
                + "fine-tuned on it hardly answers",
            kind: .usage)
    }
}
