/// How many tokens are guessed of a text: many where guesses were right, none where they cost more than
/// they saved.
///
/// Saved passes fill an account, rows that were computed in vain empty it. It starts with the price of a few
/// rows and earns a little with each token, so that a text that is not like itself loses some percent of
/// its time at most.
struct DraftBudget {
    /// The time of a row beside others, in passes of one row: between a tenth and a third for the sizes
    /// and formats that were measured.
    static let rowCost = 0.25
    private static let start = 1.0
    private static let most = 4.0
    private static let earned = 0.02
    /// With the token before them 15 guesses are 16 rows, 7 are 8: as many as products take at once.
    private static let lengths = 2...15

    private var account = start
    private var length = 3

    /// The tokens to guess.
    var draftCount: Int { account > 0 ? length : 0 }

    /// Takes note of a pass in which `right` of `count` guesses came true.
    mutating func note(_ right: Int, of count: Int) {
        account += Self.earned
        if count > 0 {
            account += Double(right) - Self.rowCost * Double(count)
            let length = right == count ? 2 * self.length + 1 : right + 1
            self.length = min(max(length, Self.lengths.lowerBound), Self.lengths.upperBound)
        }
        account = min(account, Self.most)
    }
}
