import Collectives

/// The place of the gradients of one rank in its part of the memory of a node, where those of the blocks
/// lie in a ring: the ring, the other gradients, and the sums of the slices that the rank owns.
struct RingStorage {
    let ring: GradientRing
    let buckets: GradientBuckets

    /// Elements of the gradients outside the ring.
    private var restCount: Int { buckets.parameterCount - ring.range.count }

    /// Bytes that a rank takes, in whole pages.
    func byteCount(ofRank rank: Int) -> Int {
        sumStart + Self.bytes(ownRanges(ofRank: rank).reduce(0) { $0 + $1.count })
    }

    /// The flat list of a rank whose part of the memory begins with `part`, from the pieces that it is made
    /// of.
    func list(in part: UnsafeMutableRawBufferPointer) -> [SharedMemory.Piece] {
        let turns = stride(from: ring.range.lowerBound, to: ring.range.upperBound, by: ring.size)
            .map { start in
                let count = min(ring.size, ring.range.upperBound - start)
                return SharedMemory.Piece.memory(part.floats(0..<count))
            }
        return before(in: part) + turns + behind(in: part)
    }

    /// The sums that a rank has, as a flat list: those of the ring's part that it owns, zeros for those of
    /// others, and the gradients outside the ring, where the sums stay.
    func sums(
        in part: UnsafeMutableRawBufferPointer, ofRank rank: Int
    ) -> [SharedMemory.Piece] {
        var pieces = before(in: part)
        var (end, position) = (ring.range.lowerBound, sumStart / Self.floatSize)
        for range in ownRanges(ofRank: rank) {
            pieces.append(.zeros(byteCount: Self.bytes(range.lowerBound - end)))
            pieces.append(.memory(part.floats(position..<position + range.count)))
            (end, position) = (range.upperBound, position + range.count)
        }
        pieces.append(.zeros(byteCount: Self.bytes(ring.range.upperBound - end)))
        return pieces + behind(in: part)
    }

    /// What a rank owns of the ring's part; nothing where sums are not kept.
    private func ownRanges(ofRank rank: Int) -> [Range<Int>] {
        guard ring.keepsSums else { return [] }
        return buckets.slices(ofRank: rank).map { $0.clamped(to: ring.range) }.filter {
            !$0.isEmpty
        }
    }

    private func before(in part: UnsafeMutableRawBufferPointer) -> [SharedMemory.Piece] {
        [.memory(part.floats(ring.size..<ring.size + ring.range.lowerBound))]
    }

    private func behind(in part: UnsafeMutableRawBufferPointer) -> [SharedMemory.Piece] {
        [.memory(part.floats(ring.size + ring.range.lowerBound..<ring.size + restCount))]
    }

    /// The sums begin on a page.
    private var sumStart: Int {
        let page = Self.pageSize
        return (Self.bytes(ring.size + restCount) + page - 1) / page * page
    }

    private static let floatSize = MemoryLayout<Float>.stride
    /// Of any kernel at most; chunks are whole pages.
    private static let pageSize = 65_536

    private static func bytes(_ count: Int) -> Int { count * floatSize }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func floats(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        let size = MemoryLayout<Float>.stride
        return UnsafeMutableRawBufferPointer(
            rebasing: self[range.lowerBound * size..<range.upperBound * size])
    }
}
