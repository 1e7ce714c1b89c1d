import Diagnostics
import Models
import Tensors
import Tokenizers

/// Goes on from a prompt, token by token.
///
/// It keeps what the model computed for the prompt: several samples of one prompt compute it once.
package struct TextGenerator {
    private let tokenizer: any Tokenizer
    private let contextLength: Int
    private let context: DecodingContext

    /// - Precondition: the model has a row for each token of the vocabulary.
    package init(model: LanguageModel, tokenizer: any Tokenizer) {
        precondition(
            model.configuration.vocabularySize >= tokenizer.vocabularySize,
            "the model has \(model.configuration.vocabularySize) tokens, the tokenizer "
                + "\(tokenizer.vocabularySize)")
        self.tokenizer = tokenizer
        contextLength = model.configuration.contextLength
        context = DecodingContext(model)
    }

    /// Passes on the text after the prompt as it comes, in whole characters, until an end of text, a
    /// stop text, which is not passed on, or `maximumTokens` tokens.
    ///
    /// - Returns: whether it ended before it was cut.
    /// - Throws: `Failure` for an empty prompt where there is no end of text to start from.
    @discardableResult
    package func generateText(
        after prompt: [Int32], maximumTokens: Int, sampler: TokenSampler, stops: [String] = [],
        isCancelled: () -> Bool = { false }, whenReady: (String) throws -> Void
    ) throws -> Bool {
        var decoder = StreamingDecoder(tokenizer, isStart: prompt.isEmpty)
        var filter = StopTextFilter(stops)
        let hasEnded = try generate(
            after: prompt, maximumTokens: maximumTokens, sampler: sampler
        ) { id in
            let text = filter.append(try decoder.append(id))
            if !text.isEmpty { try whenReady(text) }
            return !filter.hasStopped && !isCancelled()
        }
        let rest = filter.append(decoder.finish()) + filter.finish()
        if !rest.isEmpty { try whenReady(rest) }
        return hasEnded || filter.hasStopped
    }

    /// Draws up to `maximumTokens` tokens after the prompt, and ends at an end of text.
    ///
    /// Where texts start with a token for the model, it comes before the prompt, once. Of a prompt
    /// longer than the context the model sees the last tokens. When the sequence outgrows the context,
    /// the older half is dropped and the rest computed again.
    ///
    /// - Parameter whenDrawn: called with each id as it comes; false ends.
    /// - Returns: whether an end of text was drawn.
    /// - Throws: `Failure` for an empty prompt where there is no end of text to start from.
    @discardableResult
    package func generate(
        after prompt: [Int32], maximumTokens: Int, sampler: TokenSampler,
        whenDrawn: (Int32) throws -> Bool
    ) throws -> Bool {
        var ids = try start(of: prompt)
        var sampler = sampler
        let wanted = sampler.wanted(ofVocabulary: tokenizer.vocabularySize)
        for _ in 0..<maximumTokens {
            let logits = context.logits(after: ids, wanted: wanted)
            // Rows behind the vocabulary are padding.
            let drawable = logits.view(from: 0, shape: [tokenizer.vocabularySize])
            let id = try sampler.draw(drawable.array, after: ids)
            if tokenizer.endOfText.contains(id) || id == tokenizer.beginningOfTextID { return true }
            ids.append(id)
            guard try whenDrawn(id) else { return false }
        }
        return false
    }

    private func start(of prompt: [Int32]) throws -> [Int32] {
        let first = tokenizer.beginningOfTextID
        // A chat template may have put it there already.
        let given = (prompt.first == first ? [] : first.map { [$0] } ?? []) + prompt
        if !given.isEmpty { return given.suffix(contextLength) }
        guard let endOfText = tokenizer.endOfTextID else {
            throw Failure(
                "the prompt is empty and the tokenizer has no end of text to start from",
                remedy: "give a prompt of at least one character", kind: .usage)
        }
        return [endOfText]
    }
}
