/// Counts of what an engine did since its start.
package struct DecodingCounts: Sendable {
    /// Tokens of prompts, and those of them that were known already.
    package var promptTokens = 0
    package var knownTokens = 0
    package var drawnTokens = 0
    /// Tokens that were guessed, and those of them that were drawn then.
    package var guessedTokens = 0
    package var rightGuesses = 0
    package var steps = 0
    /// Rows of all steps.
    package var rows = 0

    package init() {}
}
