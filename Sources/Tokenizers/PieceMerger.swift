import Collections

/// Applies merges to one piece: always the first merge of the list that fits, leftmost first.
///
/// Short pieces scan for the lowest rank after each merge; long ones keep a queue, as the scan is
/// quadratic.
struct PieceMerger: ~Copyable {
    /// The most bytes of a piece that is scanned; above it the queue is faster.
    private static let maximumScanned = 96

    private let table: PairTable
    private let symbols: BytePairSymbols
    private(set) var ids: [Int32] = []
    /// The merge of ids[i] and ids[i + 1] at index i.
    private var merges: [UInt64] = []
    private var kept = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 256)

    init(table: PairTable, symbols: BytePairSymbols) {
        self.table = table
        self.symbols = symbols
    }

    deinit { kept.deallocate() }

    /// Leaves the ids of `piece` in `ids`.
    mutating func merge(_ piece: UnsafeBufferPointer<UInt8>) {
        ids.removeAll(keepingCapacity: true)
        symbols.append(piece, to: &ids)
        if ids.count <= Self.maximumScanned { scan() } else { mergeByQueue() }
    }

    /// Leaves one id in `ids`.
    mutating func take(_ id: Int32) {
        ids.removeAll(keepingCapacity: true)
        ids.append(id)
    }

    /// The ids of the last piece in memory that stays valid until the next `merge`.
    var keptIDs: UnsafeBufferPointer<Int32> {
        mutating get {
            if kept.count < ids.count {
                kept.deallocate()
                kept = .allocate(capacity: 2 * ids.count)
            }
            _ = kept.initialize(from: ids)
            return UnsafeBufferPointer(rebasing: kept[..<ids.count])
        }
    }

    private mutating func scan() {
        merges.removeAll(keepingCapacity: true)
        for index in 0..<max(0, ids.count - 1) {
            merges.append(table.merge(ids[index], ids[index + 1]))
        }
        while let best = lowest() {
            ids[best] = Int32(truncatingIfNeeded: merges[best])
            ids.remove(at: best + 1)
            merges.remove(at: best)
            if best > 0 { merges[best - 1] = table.merge(ids[best - 1], ids[best]) }
            if best < merges.count { merges[best] = table.merge(ids[best], ids[best + 1]) }
        }
    }

    private func lowest() -> Int? {
        var best: Int?
        var lowest = PairTable.none
        for index in merges.indices where merges[index] < lowest {
            lowest = merges[index]
            best = index
        }
        return best
    }

    /// A merge that waits in the queue; it is stale when its pair has changed since.
    private struct Candidate: Comparable {
        var merge: UInt64
        var index: Int

        static func < (a: Candidate, b: Candidate) -> Bool {
            (a.merge, a.index) < (b.merge, b.index)
        }
    }

    /// Ids stay in place; -1 marks those that were merged into their left neighbour.
    private mutating func mergeByQueue() {
        var left = Array(-1..<ids.count - 1)
        var right = Array(1...ids.count)
        var queue = Heap<Candidate>()
        func offer(_ index: Int, _ ids: borrowing [Int32]) {
            guard index >= 0, right[index] < ids.count else { return }
            let merge = table.merge(ids[index], ids[right[index]])
            if merge != PairTable.none { queue.insert(Candidate(merge: merge, index: index)) }
        }
        for index in ids.indices { offer(index, ids) }
        while let next = queue.popMin() {
            let second = right[next.index]
            guard ids[next.index] >= 0, second < ids.count,
                table.merge(ids[next.index], ids[second]) == next.merge
            else { continue }
            ids[next.index] = Int32(truncatingIfNeeded: next.merge)
            ids[second] = -1
            right[next.index] = right[second]
            if right[second] < ids.count { left[right[second]] = next.index }
            offer(left[next.index], ids)
            offer(next.index, ids)
        }
        ids.removeAll { $0 < 0 }
    }
}
