/// Options of how the next token is chosen; each as transformers defines it, in this order, but for the
/// penalties and the bias of OpenAI, which come after that of repetition.
package struct SamplingOptions: Sendable {
    /// Divides the positive logits, and multiplies the negative ones, of tokens that the sequence has
    /// already (Keskar et al., 2019): above 1 fewer repetitions, 1 no change; usual 1 to 1.3.
    package var repetitionPenalty = 1.0
    /// Taken off the logits of tokens that were drawn: once for all times, and once for each time; usual
    /// 0 to 1.
    package var presencePenalty = 0.0
    package var frequencyPenalty = 0.0
    /// Added to the logits of some tokens.
    package var logitBias: [Int32: Float] = [:]
    /// Divides the logits: below 1 safer, above 1 bolder; 0 always takes the likeliest.
    package var temperature = 1.0
    /// Only the k likeliest tokens may be drawn, and those as likely as the k-th.
    package var topK: Int?
    /// Only the likeliest of the remaining tokens may be drawn: the fewest whose joint probability
    /// reaches this (Holtzman et al., 2020).
    package var topP: Double?
    /// Only tokens at least this share as likely as the likeliest may be drawn (Nguyen et al., 2024).
    package var minP: Double?
    package var seed: UInt64

    package init(seed: UInt64) {
        self.seed = seed
    }

    /// Whether no token is lifted or lowered by what was drawn or asked for.
    var changesNoLogit: Bool {
        repetitionPenalty == 1 && presencePenalty == 0 && frequencyPenalty == 0
            && logitBias.isEmpty
    }
}
