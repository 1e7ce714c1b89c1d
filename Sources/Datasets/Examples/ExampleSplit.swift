import Diagnostics

/// The split of some records into those to train on and those held out: a pure function of (count,
/// fraction, seed).
package struct ExampleSplit: Equatable, Sendable {
    /// The numbers of the records to train on, in ascending order.
    package let train: [Int]
    package let validation: [Int]

    /// - Parameters:
    ///   - fraction: the share to hold out, rounded to whole records, at least one where it is above 0.
    ///   - seed: chooses the records.
    /// - Throws: `Failure` where none would be left to train on.
    package init(count: Int, fraction: Double, seed: UInt64) throws {
        precondition(fraction >= 0 && fraction < 1, "a fraction from 0 to below 1, got \(fraction)")
        let wanted = Int((fraction * Double(count)).rounded())
        let held = fraction > 0 ? max(1, wanted) : 0
        guard held < count else {
            throw Failure(
                "too few records to hold some out for validation",
                expected: "at least \(held + 1)", got: "\(count)",
                remedy: "hold out a smaller fraction, or none")
        }
        // Epochs count from 0: this one is none of theirs.
        let order = KeyedPermutation(count: count, seed: seed, epoch: -1)
        validation = (0..<held).map { order[$0] }.sorted()
        train = (held..<count).map { order[$0] }.sorted()
    }
}
