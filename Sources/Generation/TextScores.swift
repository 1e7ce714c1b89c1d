import Diagnostics
import Models
import Tokenizers

/// How likely a model finds each token of a text, and what it expects in its place.
package struct TextScores: Sendable {
    /// Of each token; nil of the first one where nothing stands before it.
    package private(set) var tokens: [TokenScore?] = []
    /// What it expects after the text.
    package private(set) var next: [ScoredToken] = []

    /// - Parameters:
    ///   - ids: at least one. Where texts start with a token for the model, it stands before them, else an
    ///     end of text where there is one.
    ///   - likeliestCount: tokens that are told for each place.
    /// - Throws: `Failure` for a text that is longer than the context.
    package init(
        of ids: [Int32], by model: LanguageModel, _ tokenizer: any Tokenizer, likeliestCount: Int
    ) throws {
        let contextLength = model.configuration.contextLength
        let start = (tokenizer.beginningOfTextID ?? tokenizer.endOfTextID).map { [$0] } ?? []
        let first = ids.starts(with: start) ? [] : start
        let prompt = first + ids
        guard !ids.isEmpty, prompt.count <= contextLength else {
            throw Failure(
                "the text does not fit into the context of the model",
                expected: "1 to \(contextLength - first.count) tokens", got: "\(ids.count)",
                remedy: "give a shorter text", kind: .usage)
        }
        var options = SamplingOptions(seed: 0)
        options.temperature = 0
        var request = GenerationRequest(
            model: model, prompt: prompt, maximumTokens: 1, sampler: TokenSampler(options))
        (request.scoresPrompt, request.scoredCount) = (true, likeliestCount)
        let engine = DecodingEngine(
            tokenizer: tokenizer, slotCount: 1, contextLength: contextLength,
            rowsAtOnce: contextLength, draftSource: nil)
        var result = Result<TextScores, Failure>.success(self)
        engine.add(request) { event in
            switch event {
            case .prompt(_, let scores):
                result = result.map {
                    var all = $0
                    all.tokens = Array(scores.suffix(ids.count))
                    return all
                }
            case .token(_, let score, _): result = result.map { $0.followed(by: score) }
            case .end(let end):
                if let score = end.score { result = result.map { $0.followed(by: score) } }
            case .failure(let failure): result = .failure(failure)
            }
            return true
        }
        while !engine.isIdle { engine.step() }
        self = try result.get()
        let missing = ids.count - tokens.count
        if missing > 0 { tokens = Array(repeating: nil, count: missing) + tokens }
    }

    private func followed(by score: TokenScore?) -> TextScores {
        var all = self
        all.next = score?.likeliest ?? all.next
        return all
    }
}
