/// Attention of single new positions of some sequences, each over its own past.
///
/// The heads of queries that share keys and values read them once. Long pasts are cut, so that all threads
/// have as much to read: scores by positions, sums by columns.
struct CachedPositions {
    private let layout: CachedAttentionLayout
    private let device: Device
    private let positions: [CachedPosition]

    /// Positions whose keys a task reads, and columns of which it sums the values.
    private static let (keysAtOnce, columnsAtOnce) = (256, 32)

    init(_ stretches: [CachedStretch], _ layout: CachedAttentionLayout, on device: Device) {
        (self.layout, self.device) = (layout, device)
        positions = stretches.map { CachedPosition($0, layout, on: device) }
    }

    func attend(into y: Tensor<Float>) {
        let groupCount = positions.count * layout.keyHeads
        let isLong = positions.contains { $0.held.count > Self.keysAtOnce }
        if isLong && groupCount < 4 * device.threads.threadCount {
            return attendInParts(into: y)
        }
        // Not so many heads at once that threads would wait for each other.
        let wanted = positions.count * layout.queryHeads / (2 * device.threads.threadCount)
        let heads = (0..<layout.keyHeads).flatMap { head in
            cuts(of: layout.heads(ofKey: head), by: max(1, wanted)).map { (head, $0) }
        }
        device.forEach(positions.count * heads.count, as: .attention) { task in
            let (index, number) = task.quotientAndRemainder(dividingBy: heads.count)
            let (position, (keyHead, heads)) = (positions[index], heads[number])
            position.score(heads, keyHead, position.held)
            for head in heads { position.makeProbabilities(head) }
            position.sum(heads, keyHead, columns: 0..<layout.headSize, into: y)
        }
    }

    private func attendInParts(into y: Tensor<Float>) {
        let parts = positions.flatMap { position in
            cuts(of: position.held, by: Self.keysAtOnce).map { (position, $0) }
        }
        forEachGroup(of: parts.count) { part, keyHead, heads in
            parts[part].0.score(heads, keyHead, parts[part].1)
        }
        device.forEach(positions.count * layout.queryHeads, as: .attention) { task in
            let (index, head) = task.quotientAndRemainder(dividingBy: layout.queryHeads)
            positions[index].makeProbabilities(head)
        }
        let columns = cuts(of: 0..<layout.headSize, by: Self.columnsAtOnce)
        forEachGroup(of: positions.count * columns.count) { part, keyHead, heads in
            let (index, cut) = part.quotientAndRemainder(dividingBy: columns.count)
            positions[index].sum(heads, keyHead, columns: columns[cut], into: y)
        }
    }

    /// - Parameter body: gets the number of a part, a head of keys and values, and the heads that see it.
    private func forEachGroup(of count: Int, _ body: (Int, Int, Range<Int>) -> Void) {
        device.forEach(count * layout.keyHeads, as: .attention) { task in
            let (keyHead, part) = task.quotientAndRemainder(dividingBy: count)
            body(part, keyHead, layout.heads(ofKey: keyHead))
        }
    }

    private func cuts(of range: Range<Int>, by count: Int) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: count).map {
            $0..<min($0 + count, range.upperBound)
        }
    }
}

/// One of them, with room for the scores of its heads: [H, S].
private struct CachedPosition {
    private let layout: CachedAttentionLayout
    private let past: PastKeysValues
    private let row: Int
    private let position: Range<Int>
    private let seen: Range<Int>
    /// What it sees may begin before what the cache still holds: that lies before its window.
    let held: Range<Int>
    private let scores: Tensor<Float>
    private let logSums: Tensor<Float>

    init(_ stretch: CachedStretch, _ layout: CachedAttentionLayout, on device: Device) {
        (self.layout, past, row) = (layout, stretch.past, stretch.rows.lowerBound)
        position = stretch.positions(0..<1)
        seen = layout.options.seen(by: position)
        held = max(seen.lowerBound, past.first)..<seen.upperBound
        // The softmax works on whole vectors of 16.
        scores = device.uninitialized([layout.queryHeads, (seen.count + 15) / 16 * 16])
        logSums = device.uninitialized([layout.queryHeads])
    }

    /// The scores of some heads at some positions.
    private func scores(_ heads: Range<Int>, _ positions: Range<Int>) -> Matrix<Float> {
        let stride = scores.columnCount
        return Matrix(
            scores.pointer + heads.lowerBound * stride + positions.lowerBound - seen.lowerBound,
            rows: heads.count, columns: positions.count, stride: stride)
    }

    func score(_ heads: Range<Int>, _ keyHead: Int, _ positions: Range<Int>) {
        past.keys(positions, ofHead: keyHead).dots(
            with: layout.heads(heads, of: layout.qkv, row: row), into: scores(heads, positions))
    }

    func makeProbabilities(_ head: Int) {
        AttentionScores(
            scores(head..<head + 1, seen), rows: position, seen: seen, headSize: layout.headSize,
            layout.options
        ).makeProbabilities(logSums.pointer + head)
    }

    func sum(_ heads: Range<Int>, _ keyHead: Int, columns: Range<Int>, into y: Tensor<Float>) {
        past.values(held, ofHead: keyHead).sums(
            by: scores(heads, held), into: layout.heads(heads, of: y, row: row), columns: columns)
    }
}
