/// How the chunks of a flat list are dealt out to the ranks that own them, in rounds.
///
/// In every round but the last each rank gets one run of `share` chunks, and the runs follow each
/// other in `HostMap.dealingOrder`. The last round is shared out alike, and those who come first get
/// one chunk more where it does not come out even. So no rank, and no node for its ranks, owns a
/// chunk more than the mean.
struct SliceDeal: Equatable, Sendable {
    let chunkCount: Int
    /// The chunks of a rank in a round that is not the last.
    let share: Int
    /// The ranks in the order of their runs.
    let order: [Int]
    /// The position of each rank in `order`.
    let positions: [Int]

    init(chunkCount: Int, share: Int, order: [Int]) {
        precondition(share > 0, "expected a chunk for each rank and round, got \(share)")
        (self.chunkCount, self.share, self.order) = (chunkCount, share, order)
        var positions = Array(repeating: 0, count: order.count)
        for (position, rank) in order.enumerated() { positions[rank] = position }
        self.positions = positions
    }

    var roundCount: Int { (chunkCount + roundSize - 1) / roundSize }
    private var roundSize: Int { share * order.count }

    func round(_ index: Int) -> Round {
        let start = index * roundSize
        let count = min(roundSize, chunkCount - start)
        return Round(
            index: index, start: start, count: count, slotCount: order.count,
            isWhole: count == roundSize)
    }

    /// One run of chunks for each rank, the slots, in the dealing order.
    struct Round: Equatable, Sendable {
        let index: Int
        /// The first chunk.
        let start: Int
        let count: Int
        let slotCount: Int
        let isWhole: Bool

        /// The chunks of a slot at least.
        var share: Int { count / slotCount }
        /// The first slots that have one chunk more.
        var longCount: Int { count % slotCount }
        /// The slots that are not empty.
        var usedSlotCount: Int { share == 0 ? longCount : slotCount }
        /// The chunks of the longest slot.
        var longestSlot: Int { share + (longCount > 0 ? 1 : 0) }

        /// The chunks of the round before a slot.
        func chunks(beforeSlot slot: Int) -> Int { slot * share + min(slot, longCount) }

        /// The chunks of a slot.
        func chunks(inSlot slot: Int) -> Range<Int> {
            start + chunks(beforeSlot: slot)..<start + chunks(beforeSlot: slot + 1)
        }
    }
}
