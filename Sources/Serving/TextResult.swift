import Diagnostics
import Generation

/// What came of a text so far.
struct TextResult {
    var text = ""
    var ids: [Int32] = []
    var scores: [TokenScore?] = []
    var promptScores: [TokenScore?] = []
    var knownCount = 0
    private(set) var end: GeneratedEnd?
    private(set) var failure: Failure?

    /// Takes up an event.
    ///
    /// - Returns: the text that it adds.
    @discardableResult
    mutating func take(_ event: GenerationEvent) -> String {
        var added = ""
        switch event {
        case .prompt(let known, let scores): (knownCount, promptScores) = (known, scores)
        case .token(let id, let score, let text):
            ids.append(id)
            scores.append(score)
            added = text
        case .end(let end):
            self.end = end
            added = end.text
        case .failure(let failure): self.failure = failure
        }
        text += added
        return added
    }

    var tokenCount: Int { end?.tokenCount ?? ids.count }
}

/// The tokens of a request, as clients count them.
struct TokenUsage {
    var promptCount = 0
    var knownCount = 0
    var drawnCount = 0
}
