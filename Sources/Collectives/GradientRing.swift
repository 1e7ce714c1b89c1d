/// The part of a flat list of gradients that lies in a ring: an element in the same memory as those `size`
/// before and behind it.
///
/// It is a part of the blocks of a model, whose backward pass goes through them from the last on. The ring
/// is so long that what lies one turn behind any element of a block belongs to buckets of later
/// blocks alone: they are complete before the block begins, in whichever order it writes its
/// own gradients. So a rank that waits for the ring waits for buckets that all ranks come to start.
package struct GradientRing: Equatable, Sendable {
    /// The elements that lie in the ring, from a chunk's border to another.
    package let range: Range<Int>
    /// Elements of the ring, in whole chunks.
    package let size: Int
    /// Whether the sums are kept until all buckets are reduced; else each is used at once.
    package let keepsSums: Bool

    /// - Parameters:
    ///   - blocks: the elements of each block, in ascending order.
    ///   - slack: complete buckets that may be under way when a block begins.
    /// - Returns: nil where the blocks do not follow each other, or a ring would save nothing.
    package init?(
        blocks: [Range<Int>], of buckets: GradientBuckets, slack: Int, keepsSums: Bool
    ) {
        guard let first = blocks.first, let last = blocks.last,
            zip(blocks, blocks.dropFirst()).allSatisfy({ $0.upperBound == $1.lowerBound })
        else { return nil }
        let chunk = GradientBuckets.chunkSize
        let start = (first.lowerBound + chunk - 1) / chunk * chunk
        let end = last.upperBound / chunk * chunk
        var size = 0
        for block in blocks where !block.isEmpty {
            let own = buckets.lastIndex { $0.range.lowerBound < block.upperBound } ?? 0
            let free = buckets[min(own + slack, buckets.count - 1)].range.upperBound
            size = max(size, free - block.lowerBound)
        }
        size = (size + chunk - 1) / chunk * chunk
        guard size > 0, end - start > size else { return nil }
        (range, self.size, self.keepsSums) = (start..<end, size, keepsSums)
    }

    /// The elements whose memory `elements` take over from the pass before; empty where there are none.
    package func predecessors(of elements: Range<Int>) -> Range<Int> {
        let inside = elements.clamped(to: range)
        guard !inside.isEmpty else { return inside }
        let moved = inside.lowerBound + size..<inside.upperBound + size
        return moved.clamped(to: range)
    }
}
