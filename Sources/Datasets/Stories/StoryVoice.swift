/// What tells a story: a writer makes the choices of the grammar at random, a reader finds them
/// in a text.
///
/// The grammar calls both in the same way, so the two cannot drift apart. Every choice says its text
/// at once, and no text of a choice begins another text of it; so the text alone determines every
/// choice, from the first on.
protocol StoryVoice {
    /// Says what follows from the choices before.
    mutating func say(_ text: String)

    /// Makes one choice and says its text.
    ///
    /// - Parameter weights: option i has the probability weights[i] / the sum of all; none means
    ///   that all are equally likely.
    /// - Returns: the index of the option.
    mutating func choose(_ options: [String], weights: [Int]) -> Int
}
