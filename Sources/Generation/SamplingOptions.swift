/// How the next token is chosen; each as transformers defines it, in this order.
package struct SamplingOptions: Sendable {
    /// Divides the positive logits, and multiplies the negative ones, of tokens that the sequence has
    /// already (Keskar et al., 2019): above 1 fewer repetitions, 1 no change; usual 1 to 1.3.
    package var repetitionPenalty = 1.0
    /// Divides the logits: below 1 safer, above 1 bolder; 0 always takes the likeliest.
    package var temperature = 1.0
    /// Only the k likeliest tokens may be drawn, and those as likely as the k-th.
    package var topK: Int?
    /// Only the likeliest of the remaining tokens may be drawn: the fewest whose joint probability
    /// reaches this (Holtzman et al., 2020).
    package var topP: Double?
    package var seed: UInt64

    package init(seed: UInt64) {
        self.seed = seed
    }
}
