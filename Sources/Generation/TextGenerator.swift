import Diagnostics
import Models
import Tensors
import Tokenizers

/// Goes on from a prompt, token by token.
package struct TextGenerator {
    private let model: GPT2
    private let tokenizer: any Tokenizer

    /// - Precondition: the model has a row for each token of the vocabulary.
    package init(model: GPT2, tokenizer: any Tokenizer) {
        precondition(
            model.configuration.vocabularySize >= tokenizer.vocabularySize,
            "the model has \(model.configuration.vocabularySize) tokens, the tokenizer "
                + "\(tokenizer.vocabularySize)")
        self.model = model
        self.tokenizer = tokenizer
    }

    /// Draws up to `maximumTokens` tokens after the prompt, and ends at an end of text.
    ///
    /// When the sequence has grown past the context, the model sees its last tokens alone.
    ///
    /// - Parameter whenDrawn: called with each id as it comes.
    /// - Throws: `Failure` for an empty prompt where there is no end of text to start from.
    package func generate(
        after prompt: [Int32], maximumTokens: Int, sampler: TokenSampler,
        whenDrawn: (Int32) throws -> Void
    ) throws {
        var ids = prompt
        if ids.isEmpty {
            guard let endOfText = tokenizer.endOfTextID else {
                throw Failure(
                    "the prompt is empty and the tokenizer has no end of text to start from",
                    remedy: "give a prompt of at least one character", kind: .usage)
            }
            ids = [endOfText]
        }
        var sampler = sampler
        for _ in 0..<maximumTokens {
            let seen = Array(ids.suffix(model.configuration.contextLength))
            let input = model.device.tensor(seen, shape: [1, seen.count])
            let logits = model.nextTokenLogits(input)
            // Rows behind the vocabulary are padding.
            let id = sampler.draw(logits.buffer.prefix(tokenizer.vocabularySize))
            if id == tokenizer.endOfTextID { return }
            ids.append(id)
            try whenDrawn(id)
        }
    }
}
