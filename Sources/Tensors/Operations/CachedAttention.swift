/// Keys and values of one layer for a sequence that grows: [B, S, K D] each, from some position on,
/// filled up to the position `length`.
package struct PastKeysValues: Sendable {
    package let keys: Tensor<Float>
    package let values: Tensor<Float>
    /// The position of the first row.
    package let first: Int
    package let length: Int

    /// - Precondition: both are [B, S, C], and S is at least `length` - `first`.
    package init(keys: Tensor<Float>, values: Tensor<Float>, first: Int = 0, length: Int) {
        precondition(
            keys.shape.count == 3 && keys.shape == values.shape
                && (0...keys.shape[1]).contains(length - first),
            "expected equal [B, S, C] with S of at least \(length - first), got \(keys.shape) "
                + "and \(values.shape)")
        self.keys = keys
        self.values = values
        self.first = first
        self.length = length
    }

    /// Positions that there is room for behind those that are filled.
    var room: Int { keys.shape[1] - (length - first) }
}

extension Tape {
    /// Causal attention of T new positions over the past and themselves: [B, T, (H + 2K) D] ->
    /// [B, T, H D], with the heads of `causalAttention`.
    ///
    /// Writes the new keys and values behind those of the past. The values are those of
    /// `causalAttention` over the whole sequence; there is no backward pass. The cache holds floats.
    ///
    /// - Precondition: the past has room for T positions, and nothing here wants a gradient.
    package func cachedAttention<Element>(
        _ qkv: Value<Element>, _ options: AttentionOptions, past: PastKeysValues
    ) -> Value<Element> {
        precondition(!recordsGradients, "attention over a cache has no gradient")
        let floats = Element.widened(qkv.value, on: device)
        let layout = CachedAttentionLayout(qkv: floats, past, options)
        let y = device.uninitialized([layout.batchSize, layout.length, layout.width])
        let positions = layout.batchSize * layout.length
        device.forEachRowChunk(rows: positions, columns: 2 * layout.keyWidth, as: .attention) {
            for position in $0 { layout.remember(position) }
        }
        device.forEach(layout.batchSize * layout.queryHeads, as: .attention) { head in
            device.attend(layout, head, into: y)
        }
        return constant(Element.narrowed(y, on: device))
    }
}

/// The places of the heads in [B, T, (H + 2K) D], [B, T, H D] and the cache [B, S, K D].
private struct CachedAttentionLayout {
    let qkv: Tensor<Float>
    let past: PastKeysValues
    let options: AttentionOptions
    let queryHeads: Int, keyHeads: Int
    let batchSize: Int, length: Int, width: Int, keyWidth: Int, headSize: Int

    /// Rows of queries taken at once: their scores stay in the second-level cache.
    static let blockRows = 128

    init(qkv: Tensor<Float>, _ past: PastKeysValues, _ options: AttentionOptions) {
        let batchSize = past.keys.shape[0]
        (queryHeads, keyHeads) = (options.headCount, options.keyValueHeadCount)
        keyWidth = past.keys.shape[2]
        headSize = keyWidth / keyHeads
        width = queryHeads * headSize
        let joinedWidth = width + 2 * keyWidth
        precondition(
            qkv.shape.count == 3 && qkv.shape[0] == batchSize && qkv.shape[2] == joinedWidth
                && qkv.shape[1] <= past.room && queryHeads % keyHeads == 0,
            "expected [\(batchSize), at most \(past.room), \(joinedWidth)] for "
                + "\(queryHeads) heads over \(keyHeads), got \(qkv.shape)")
        self.qkv = qkv
        self.past = past
        self.options = options
        (self.batchSize, length) = (batchSize, qkv.shape[1])
    }

    /// The most positions that a block of new ones sees.
    var mostSeen: Int {
        options.mostSeen(length: past.length + length, blockRows: Self.blockRows)
    }

    /// Rows of a head of queries or of the output.
    func rows(_ rows: Range<Int>, of tensor: Tensor<Float>, query head: Int) -> Matrix<Float> {
        let (b, h) = head.quotientAndRemainder(dividingBy: queryHeads)
        return matrix(tensor, rows, sequence: b, column: h * headSize)
    }

    /// Positions of the cache that a head of queries sees.
    func rows(_ seen: Range<Int>, ofCache cache: Tensor<Float>, query head: Int) -> Matrix<Float> {
        let (b, h) = head.quotientAndRemainder(dividingBy: queryHeads)
        let shared = h / (queryHeads / keyHeads)
        let rows = seen.lowerBound - past.first..<seen.upperBound - past.first
        return matrix(cache, rows, sequence: b, column: shared * headSize)
    }

    /// Copies the keys and values of a new position into the cache.
    func remember(_ position: Int) {
        let (b, t) = position.quotientAndRemainder(dividingBy: length)
        let keys = qkv.pointer + position * qkv.shape[2] + width
        let start = (b * past.keys.shape[1] + past.length - past.first + t) * keyWidth
        (past.keys.pointer + start).update(from: keys, count: keyWidth)
        (past.values.pointer + start).update(from: keys + keyWidth, count: keyWidth)
    }

    /// Rows and the columns of one head of `tensor` [B, length, columns].
    private func matrix(
        _ tensor: Tensor<Float>, _ rows: Range<Int>, sequence: Int, column: Int
    ) -> Matrix<Float> {
        let (length, stride) = (tensor.shape[1], tensor.shape[2])
        let start = (sequence * length + rows.lowerBound) * stride + column
        return Matrix(tensor.pointer + start, rows: rows.count, columns: headSize, stride: stride)
    }
}

extension Device {
    fileprivate func attend(_ layout: CachedAttentionLayout, _ head: Int, into y: Tensor<Float>) {
        let blockRows = min(CachedAttentionLayout.blockRows, layout.length)
        // The softmax works on whole vectors of 16.
        let scratch = uninitialized([blockRows, (layout.mostSeen + 15) / 16 * 16])
        let logSums = uninitialized([blockRows])
        for start in stride(from: 0, to: layout.length, by: blockRows) {
            let rows = start..<min(start + blockRows, layout.length)
            let positions =
                layout.past.length + rows.lowerBound..<layout.past.length + rows.upperBound
            let seen = layout.options.seen(by: positions)
            let matrix = Matrix(
                scratch.pointer, rows: rows.count, columns: seen.count,
                stride: scratch.columnCount)
            let scores = AttentionScores(
                matrix, rows: positions, seen: seen, headSize: layout.headSize, layout.options)
            let keys = layout.rows(seen, ofCache: layout.past.keys, query: head)
            multiplySerially(
                layout.rows(rows, of: layout.qkv, query: head), keys.transposed, into: matrix)
            scores.makeProbabilities(logSums.pointer)
            let values = layout.rows(seen, ofCache: layout.past.values, query: head)
            multiplySerially(matrix, values, into: layout.rows(rows, of: y, query: head))
        }
    }
}
