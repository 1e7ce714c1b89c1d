/// Numbers from 0 on, cut into ranges of equal length, one for each rank.
package struct EqualShares: Sendable {
    package let count: Int
    package let worldSize: Int

    package init(of count: Int, among worldSize: Int) {
        (self.count, self.worldSize) = (count, worldSize)
    }

    /// The numbers of a rank; the lengths of two ranks differ by one at most.
    package subscript(rank: Int) -> Range<Int> {
        count * rank / worldSize..<count * (rank + 1) / worldSize
    }
}
