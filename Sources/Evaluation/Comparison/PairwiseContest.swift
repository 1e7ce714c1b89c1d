/// Which models answer which prompts, and who judges.
package struct PairwiseContest: Sendable {
    package enum Judge: Sendable {
        /// A reward model, or a language model that is asked.
        case model(String)
        /// A command of the shell, and the seconds that it may take.
        case command(String, seconds: Double)
    }

    /// The model that is measured.
    package var candidate: String
    /// The one that it is compared with.
    package var against: String
    /// The model of adapters among them, where it has moved.
    package var base: String?
    package var prompts: String
    package var judge: Judge
    /// A chat template for both; nil for each one's own.
    package var template: String?
    package var maximumTokens = PairwiseOptions().maximumNewTokens
    /// 0 takes the likeliest tokens.
    package var temperature = PairwiseOptions().temperature
    package var seed = 1
    /// Prompts, from the front of the file; nil for all.
    package var limit: Int?

    package init(candidate: String, against: String, prompts: String, judge: Judge) {
        (self.candidate, self.against) = (candidate, against)
        (self.prompts, self.judge) = (prompts, judge)
    }
}
