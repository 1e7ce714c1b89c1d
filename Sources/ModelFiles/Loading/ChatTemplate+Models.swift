import Diagnostics
import Tokenizers

extension ChatTemplate {
    /// The template of the name, else that of the model.
    ///
    /// - Throws: `Failure` for an unknown name, and for a model without any.
    package static func template(
        _ name: String?, model directory: String, base: String? = nil, tokenizer: any Tokenizer
    ) throws -> ChatTemplate {
        try chosen(name, tokenizer: tokenizer, at: directory) {
            try kept(in: directory, base: base)
        }
    }

    /// The template of the name, else what the model at a place has kept.
    ///
    /// - Throws: `Failure` for an unknown name, and where nothing was kept.
    package static func chosen(
        _ name: String?, tokenizer: any Tokenizer, at place: String,
        _ kept: () throws -> ChatTemplate?
    ) throws -> ChatTemplate {
        if let name { return try ChatTemplate.named(name, for: tokenizer) }
        if let template = try kept() { return template }
        throw Failure(
            "the model has no chat template", at: place,
            remedy: "name one with --template, such as alpaca or chatml; a model that was not "
                + "fine-tuned on it hardly answers",
            kind: .usage)
    }

    /// The template of the model; for an adapter without one, that of its base.
    package static func kept(
        in path: String, base: String? = nil
    ) throws -> ChatTemplate? {
        if try GGUFHeader.begins(path) { return try GGUFSource(reading: path).chatTemplate() }
        if let template = try ChatTemplate.load(directory: path) { return template }
        guard try AdapterDirectory.exists(at: path) else { return nil }
        return try kept(in: AdapterDirectory(reading: path).basePath(base))
    }
}
