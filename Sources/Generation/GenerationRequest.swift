import Diagnostics
import Models

/// A text that is to be generated after a prompt.
package struct GenerationRequest {
    package let model: LanguageModel
    /// The ids after which the text comes: at least one.
    package let prompt: [Int32]
    package let maximumTokens: Int
    package var sampler: TokenSampler
    /// Texts that end the text and are not passed on.
    package var stops: [String] = []
    /// Tokens that end the text, besides the ends of text.
    package var stopIDs: Set<Int32> = []
    /// Whether ends of text end it.
    package var ignoresEnd = false
    /// What logits are divided by before tokens are scored; it changes none that is drawn.
    package var scoreTemperature: Float = 1
    /// How many of the likeliest tokens are told with the log-probability of each; nil tells none.
    package var scoredCount: Int?
    /// Whether the tokens of the prompt are scored too.
    package var scoresPrompt = false
    /// The place of the first token of the prompt that is scored, where the prompt is: at least 1, since
    /// nothing stands before the first token.
    package var firstScored = 1
    /// A token behind the prompt that is scored with it, whatever would be drawn there.
    package var followingID: Int32?
    /// Whether the text goes on when the context is full: without its older half.
    package var slides = false
    /// Whether the text begins at the first token that is drawn, and does not go on from the prompt.
    package var isStart = false
    package var constraint: (any TokenConstraint)?
    /// Requests of different keys do not share what was computed for their prompts.
    package var key = ""

    package init(
        model: LanguageModel, prompt: [Int32], maximumTokens: Int, sampler: TokenSampler
    ) {
        precondition(!prompt.isEmpty, "there is no token to go on from")
        (self.model, self.prompt, self.maximumTokens) = (model, prompt, maximumTokens)
        self.sampler = sampler
    }
}

/// How likely the model found a token, in nats, and which tokens it found likeliest.
package struct TokenScore: Equatable, Sendable {
    package let logProbability: Float
    /// In descending order.
    package let likeliest: [ScoredToken]
}

/// A step of a text that is being generated.
package enum GenerationEvent: Sendable {
    package enum Ending: String, Sendable {
        /// An end of text, or a stop text or token.
        case stop
        /// The limit of tokens, or the end of the context.
        case length
    }

    /// The prompt went through the model: how much of it was known already, and the scores of its
    /// tokens and of that behind it, nil of the first ones, where they are wanted.
    case prompt(knownCount: Int, scores: [TokenScore?])
    /// A token and the text that it completes.
    case token(id: Int32, score: TokenScore?, text: String)
    case end(GeneratedEnd)
    case failure(Failure)
}

/// The end of a text.
package struct GeneratedEnd: Sendable {
    package let ending: GenerationEvent.Ending
    /// The rest of the text.
    package let text: String
    /// The tokens that were drawn, an end of text among them.
    package let tokenCount: Int
    /// The end of text, or the token to stop at, that was drawn.
    package let id: Int32?
    package let score: TokenScore?
}
