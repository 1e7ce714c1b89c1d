/// A part of the flat list of parameters that one rank owns.
package struct OwnedSlice: Equatable, Sendable {
    package var owner: Int
    package var range: Range<Int>
}

/// A range of the flat list of parameters that is reduced as one, and its owners.
package struct GradientBucket: Equatable, Sendable {
    package var index: Int
    package var range: Range<Int>
    /// The slices, each reduced by its owner, in ascending order: at most one of each rank, and none
    /// that is empty.
    package var slices: [OwnedSlice]
    /// The round of the deal in which the slices lie.
    var round: Int

    /// The slice of `rank`; empty where it owns nothing of the bucket.
    package func slice(of rank: Int) -> Range<Int> {
        slices.first { $0.owner == rank }?.range ?? range.lowerBound..<range.lowerBound
    }
}

/// The buckets of a flat list of parameters, from its start to its end: borders of buckets and slices lie
/// on chunk borders.
///
/// A bucket has about one slice for each host, and the next buckets those of the hosts' other ranks:
/// few messages, and equal work for all. On one host, where there are no messages, each rank has its
/// slice of each bucket as far as there are enough chunks. Neither borders nor owners enter the bits.
package struct GradientBuckets: Equatable, Sendable {
    /// Elements a chunk; sums of squares are taken chunk by chunk.
    package static let chunkSize = 65_536
    /// Elements a bucket at most: 16 MB, long enough to hide a message's latency.
    private static let largestBucketSize = 64 * chunkSize
    /// Elements a bucket at least, as far as there are so many: 1 MB.
    private static let smallestBucketSize = 4 * chunkSize
    /// Buckets of a small model: enough for most of them to travel during the backward pass.
    private static let wantedBucketCount = 16

    package let parameterCount: Int
    package var worldSize: Int { deal.order.count }
    let deal: SliceDeal
    private let buckets: [GradientBucket]

    /// Cuts `parameterCount` elements into buckets of at most `bucketSize`, a multiple of `chunkSize`;
    /// nil takes one that suits the count.
    ///
    /// - Parameter hosts: the ranks that share memory.
    package init(parameterCount: Int, hosts: HostMap, bucketSize: Int? = nil) {
        let bucketSize = bucketSize ?? Self.bucketSize(for: parameterCount)
        precondition(
            bucketSize > 0 && bucketSize.isMultiple(of: Self.chunkSize),
            "expected a bucket size in chunks of \(Self.chunkSize), got \(bucketSize)")
        self.parameterCount = parameterCount
        let largest = bucketSize / Self.chunkSize
        let sliceCount = Swift.min(largest, hosts.count > 1 ? hosts.count : hosts.worldSize)
        let deal = SliceDeal(
            chunkCount: Self.chunkCount(of: parameterCount), share: largest / sliceCount,
            order: hosts.dealingOrder)
        self.deal = deal
        var buckets: [GradientBucket] = []
        for round in (0..<deal.roundCount).map(deal.round) {
            let most = round.isWhole ? sliceCount : largest / round.longestSlot
            let count = (round.usedSlotCount + most - 1) / most
            for number in 0..<count {
                let slots =
                    round.usedSlotCount * number / count..<round.usedSlotCount * (number + 1)
                    / count
                let slices = slots.map { slot in
                    OwnedSlice(
                        owner: deal.order[slot],
                        range: Self.elements(round.chunks(inSlot: slot), of: parameterCount))
                }
                let range = slices[0].range.lowerBound..<slices[slices.count - 1].range.upperBound
                buckets.append(
                    GradientBucket(
                        index: buckets.count, range: range, slices: slices, round: round.index))
            }
        }
        self.buckets = buckets
    }

    package var chunkCount: Int { Self.chunkCount(of: parameterCount) }

    /// The elements of chunk `index`; the last chunk may be shorter.
    package func chunk(_ index: Int) -> Range<Int> {
        Self.elements(index..<index + 1, of: parameterCount)
    }

    /// The slices of `rank`, in ascending order, without empty ones.
    package func slices(ofRank rank: Int) -> [Range<Int>] {
        buckets.map { $0.slice(of: rank) }.filter { !$0.isEmpty }
    }

    static func chunkCount(of elementCount: Int) -> Int {
        (elementCount + chunkSize - 1) / chunkSize
    }

    /// The elements of `chunks`; those of the whole list end at `parameterCount`.
    static func elements(_ chunks: Range<Int>, of parameterCount: Int) -> Range<Int> {
        chunks.lowerBound * chunkSize..<Swift.min(chunks.upperBound * chunkSize, parameterCount)
    }

    private static func bucketSize(for parameterCount: Int) -> Int {
        let share = chunkCount(of: parameterCount / wantedBucketCount) * chunkSize
        return Swift.min(Swift.max(share, smallestBucketSize), largestBucketSize)
    }
}

extension GradientBuckets: RandomAccessCollection {
    package var startIndex: Int { buckets.startIndex }
    package var endIndex: Int { buckets.endIndex }
    package subscript(index: Int) -> GradientBucket { buckets[index] }
}

extension GradientBucket {
    /// The channel on which nodes travel to the owners of the slices.
    var reductionChannel: Int { 1 + 2 * index }
    /// The channel on which slices travel from their owners.
    package var gatherChannel: Int { 2 + 2 * index }
}
