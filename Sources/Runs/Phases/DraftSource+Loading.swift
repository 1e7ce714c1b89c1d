import Diagnostics
import Generation
import ModelFiles
import Tensors
import Tokenizers

extension DraftSource {
    /// What a recipe or flag names: text, none, or a model.
    ///
    /// - Throws: `Failure` for what is no model, and for one of other tokens.
    package static func load(
        _ name: String, besides tokenizer: any Tokenizer, device: Device
    ) throws -> DraftSource? {
        guard name != "none" else { return nil }
        guard name != "text" else { return .text }
        let (model, other) = try LoadedModel.load(name, device: device, weights: .stored)
        guard other.tokenizerJSON == tokenizer.tokenizerJSON else {
            throw Failure(
                "the model that guesses has other tokens",
                expected: "the \(tokenizer.vocabularySize) tokens of the model",
                got: "\(other.vocabularySize) of its own", at: name,
                remedy: "take a model of the same tokenizer, or --draft text")
        }
        return .model(model)
    }
}
