import Diagnostics
import Models
import Tensors
import Tokenizers

/// Goes on from a prompt, token by token: an engine with one slot.
///
/// It keeps what the model computed for the prompt: several samples of one prompt compute it once.
package struct TextGenerator {
    private let model: LanguageModel
    private let tokenizer: any Tokenizer
    private let engine: DecodingEngine

    /// - Parameters:
    ///   - draftSource: what guesses tokens, which changes none; nil for nothing.
    ///   - cacheFormat: how keys and values are kept.
    ///   - roomForTokens: the longest text, with its prompt; nil for the model's context.
    /// - Precondition: the model has a row for each token of the vocabulary.
    package init(
        model: LanguageModel, tokenizer: any Tokenizer, draftSource: DraftSource? = .text,
        cacheFormat: KeyValueFormat = .floats, roomForTokens: Int? = nil
    ) {
        (self.model, self.tokenizer) = (model, tokenizer)
        let contextLength = min(
            model.configuration.contextLength, roomForTokens ?? .max)
        engine = DecodingEngine(
            tokenizer: tokenizer, slotCount: 1, contextLength: contextLength,
            rowsAtOnce: contextLength, draftSource: draftSource, cacheFormat: cacheFormat)
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
        var request = try request(prompt, maximumTokens, sampler)
        request.stops = stops
        return try run(request) { event in
            switch event {
            case .token(_, _, let text):
                if !text.isEmpty { try whenReady(text) }
                return !isCancelled()
            case .end(let end):
                if !end.text.isEmpty { try whenReady(end.text) }
                return true
            default: return true
            }
        }
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
        try run(try request(prompt, maximumTokens, sampler)) { event in
            if case .token(let id, _, _) = event { return try whenDrawn(id) }
            return true
        }
    }

    private func request(
        _ prompt: [Int32], _ maximumTokens: Int, _ sampler: TokenSampler
    ) throws -> GenerationRequest {
        var request = GenerationRequest(
            model: model, prompt: try tokenizer.start(of: prompt).suffix(engine.contextLength),
            maximumTokens: maximumTokens, sampler: sampler)
        request.slides = true
        request.isStart = prompt.isEmpty
        return request
    }

    /// - Returns: whether the text ended by itself.
    private func run(
        _ request: GenerationRequest, _ receive: (GenerationEvent) throws -> Bool
    ) throws -> Bool {
        var result = Result<Bool, any Error>.success(false)
        // Nothing of the engine outlives the call: the text is done, or is cancelled.
        withoutActuallyEscaping(receive) { receive in
            let number = engine.add(request) { event in
                if case .end(let end) = event { result = .success(end.ending == .stop) }
                if case .failure(let failure) = event { result = .failure(failure) }
                do { return try receive(event) } catch {
                    result = .failure(error)
                    return false
                }
            }
            while !engine.isIdle { engine.step() }
            engine.cancel(number)
        }
        return try result.get()
    }
}
