import Diagnostics
import Tokenizers

extension ChatTemplate {
    /// The template of the name, else that of the model directory.
    ///
    /// - Throws: `Failure` for an unknown name, for a model whose template was not written by this
    ///   program, and for one without any.
    package static func template(
        _ name: String?, model directory: String, tokenizer: some Tokenizer
    ) throws -> ChatTemplate {
        if let name { return try ChatTemplate.named(name, for: tokenizer) }
        if let template = try kept(in: directory) { return template }
        throw Failure(
            "the model has no chat template", at: directory,
            remedy: "name one with --template, such as alpaca or chatml; a model that was not "
                + "fine-tuned on it hardly answers",
            kind: .usage)
    }

    /// The template of the model directory; for an adapter without one, that of its base.
    package static func kept(in directory: String) throws -> ChatTemplate? {
        if let template = try ChatTemplate.load(directory: directory) { return template }
        guard try AdapterDirectory.exists(at: directory) else { return nil }
        return try ChatTemplate.load(
            directory: AdapterDirectory(reading: directory).basePath())
    }
}
