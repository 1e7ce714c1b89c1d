/// New positions of a sequence: some rows of those that go through a model together.
package struct CachedStretch: Sendable {
    /// What lies before them, of the one sequence.
    let past: PastKeysValues
    let rows: Range<Int>

    /// - Precondition: the past is of one sequence and has room for the rows.
    package init(_ past: PastKeysValues, rows: Range<Int>) {
        precondition(
            past.sequenceCount == 1 && rows.count <= past.room,
            "expected one sequence with room for \(rows.count) positions, got "
                + "\(past.keys.shape) with room for \(past.room)")
        (self.past, self.rows) = (past, rows)
    }

    /// The positions of some of the rows, counted from the first.
    func positions(_ rows: Range<Int>) -> Range<Int> {
        past.length + rows.lowerBound..<past.length + rows.upperBound
    }
}

extension Tape {
    /// Causal attention of T new positions over the past and themselves: [B, T, (H + 2K) D] ->
    /// [B, T, H D], with the heads of `causalAttention`.
    ///
    /// Writes the new keys and values behind those of the past. The values are those of
    /// `causalAttention` over the whole sequence where the cache holds floats; in another format the new
    /// positions, too, see keys and values as they are kept. There is no backward pass.
    ///
    /// - Precondition: the past has room for T positions, and nothing here wants a gradient.
    package func cachedAttention<Element>(
        _ qkv: Value<Element>, _ options: AttentionOptions, past: PastKeysValues
    ) -> Value<Element> {
        let length = qkv.shape[1]
        precondition(
            qkv.shape[0] == past.sequenceCount,
            "expected \(past.sequenceCount) sequences, got \(qkv.shape)")
        return cachedAttention(
            qkv, options,
            (0..<qkv.shape[0]).map {
                CachedStretch(past.sequence($0), rows: $0 * length..<($0 + 1) * length)
            })
    }

    /// The same of several sequences, each of which has rows of its own, as many as it likes.
    package func cachedAttention<Element>(
        _ qkv: Value<Element>, _ options: AttentionOptions, _ stretches: [CachedStretch]
    ) -> Value<Element> {
        precondition(!recordsGradients, "attention over a cache has no gradient")
        let floats = Element.widened(qkv.value, on: device)
        let layout = CachedAttentionLayout(qkv: floats, stretches, options)
        let y = device.uninitialized(Array(qkv.shape.dropLast()) + [layout.width])
        for stretch in stretches {
            device.forEachRowChunk(
                rows: stretch.rows.count, columns: 2 * layout.keyWidth, as: .attention
            ) { for row in $0 { layout.remember(row, of: stretch) } }
        }
        let positions = stretches.filter { $0.rows.count == 1 }
        let blocks = stretches.filter { $0.rows.count > 1 }
        CachedPositions(positions, layout, on: device).attend(into: y)
        device.forEach(blocks.count * layout.queryHeads, as: .attention) { task in
            let (index, head) = task.quotientAndRemainder(dividingBy: layout.queryHeads)
            device.attend(layout, blocks[index], head, into: y)
        }
        return constant(Element.narrowed(y, on: device))
    }
}

extension Device {
    /// Of several positions of a head, block by block.
    fileprivate func attend(
        _ layout: CachedAttentionLayout, _ stretch: CachedStretch, _ head: Int,
        into y: Tensor<Float>
    ) {
        let (count, first) = (stretch.rows.count, stretch.rows.lowerBound)
        let blockRows = min(CachedAttentionLayout.blockRows, count)
        // The softmax works on whole vectors of 16.
        let columns = (layout.mostSeen(by: stretch) + 15) / 16 * 16
        let scratch = uninitialized([blockRows, columns])
        let logSums = uninitialized([blockRows])
        for start in stride(from: 0, to: count, by: blockRows) {
            let rows = start..<min(start + blockRows, count)
            let block = first + rows.lowerBound..<first + rows.upperBound
            attend(
                layout, stretch.past, rows: block, at: stretch.positions(rows), head, scratch,
                logSums, into: y)
        }
    }

    /// What a row sees may begin before what the cache still holds: that lies before its window.
    private func attend(
        _ layout: CachedAttentionLayout, _ past: PastKeysValues, rows: Range<Int>,
        at positions: Range<Int>, _ head: Int, _ scratch: Tensor<Float>, _ logSums: Tensor<Float>,
        into y: Tensor<Float>
    ) {
        let seen = layout.options.seen(by: positions)
        let held = max(seen.lowerBound, past.first)..<seen.upperBound
        let matrix = Matrix(
            scratch.pointer, rows: rows.count, columns: seen.count, stride: scratch.columnCount)
        let products = Matrix(
            scratch.pointer + held.lowerBound - seen.lowerBound, rows: rows.count,
            columns: held.count, stride: scratch.columnCount)
        let scores = AttentionScores(
            matrix, rows: positions, seen: seen, headSize: layout.headSize, layout.options)
        let keyHead = layout.keyHead(ofQuery: head)
        multiplySerially(
            layout.rows(rows, of: layout.qkv, query: head),
            keys: past.keys(held, ofHead: keyHead), into: products)
        scores.makeProbabilities(logSums.pointer)
        multiplySerially(
            products, values: past.values(held, ofHead: keyHead),
            into: layout.rows(rows, of: y, query: head))
    }
}
