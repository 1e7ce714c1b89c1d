/// A range of the flat list of parameters that is reduced as one, and its slice of every rank.
package struct GradientBucket: Equatable, Sendable {
    package var index: Int
    package var range: Range<Int>
    /// `slices[r]` is reduced by rank r; a slice may be empty.
    package var slices: [Range<Int>]
}

/// The buckets of a flat list of parameters, from its start to its end: borders of buckets and slices lie
/// on chunk borders.
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
    package let worldSize: Int
    private let buckets: [GradientBucket]

    /// Cuts `parameterCount` elements into buckets of `bucketSize`, a multiple of `chunkSize`; nil
    /// takes one that suits the count.
    package init(parameterCount: Int, worldSize: Int, bucketSize: Int? = nil) {
        let bucketSize = bucketSize ?? Self.bucketSize(for: parameterCount)
        precondition(
            bucketSize > 0 && bucketSize.isMultiple(of: Self.chunkSize),
            "expected a bucket size in chunks of \(Self.chunkSize), got \(bucketSize)")
        self.parameterCount = parameterCount
        self.worldSize = worldSize

        let starts = stride(from: 0, to: parameterCount, by: bucketSize)
        buckets = starts.enumerated().map { index, start in
            let range = start..<Swift.min(start + bucketSize, parameterCount)
            let chunkCount = Self.chunkCount(of: range.count)
            let borders = (0...worldSize).map { rank in
                Swift.min(start + rank * chunkCount / worldSize * Self.chunkSize, range.upperBound)
            }
            let slices = zip(borders, borders.dropFirst()).map { $0..<$1 }
            return GradientBucket(index: index, range: range, slices: slices)
        }
    }

    package var chunkCount: Int { Self.chunkCount(of: parameterCount) }

    /// The elements of chunk `index`; the last chunk may be shorter.
    package func chunk(_ index: Int) -> Range<Int> {
        index * Self.chunkSize..<Swift.min((index + 1) * Self.chunkSize, parameterCount)
    }

    /// The chunks in the slices of `rank`, in ascending order.
    package func chunks(ofRank rank: Int) -> [Int] {
        buckets.flatMap { bucket in
            let slice = bucket.slices[rank]
            let first = slice.lowerBound / Self.chunkSize
            return first..<first + Self.chunkCount(of: slice.count)
        }
    }

    /// The slices of `rank`, in ascending order, without empty ones.
    package func slices(ofRank rank: Int) -> [Range<Int>] {
        buckets.map { $0.slices[rank] }.filter { !$0.isEmpty }
    }

    /// The slices of all ranks but `rank`, in ascending order, without empty ones.
    package func foreignSlices(to rank: Int) -> [Range<Int>] {
        buckets.flatMap { bucket in
            bucket.slices.indices.filter { $0 != rank }.map { bucket.slices[$0] }
        }.filter { !$0.isEmpty }
    }

    static func chunkCount(of elementCount: Int) -> Int {
        (elementCount + chunkSize - 1) / chunkSize
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

    /// The slices in bytes of the flat list.
    package func byteSlices<Element>(of type: Element.Type) -> [Range<Int>] {
        let size = MemoryLayout<Element>.stride
        return slices.map { $0.lowerBound * size..<$0.upperBound * size }
    }
}
