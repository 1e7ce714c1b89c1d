/// One outer step of a fragment, for the metrics.
package struct OuterStep: Equatable, Sendable {
    /// Inner steps before it.
    package let step: Int
    package let fragment: Int
    package let islandCount: Int
    /// Bytes that the first rank of the island sent for it.
    package let sentByteCount: Int
    /// Seconds for which the island waited.
    package let seconds: Double

    package init(
        step: Int, fragment: Int, islandCount: Int, sentByteCount: Int, seconds: Double
    ) {
        self.step = step
        self.fragment = fragment
        self.islandCount = islandCount
        self.sentByteCount = sentByteCount
        self.seconds = seconds
    }
}
