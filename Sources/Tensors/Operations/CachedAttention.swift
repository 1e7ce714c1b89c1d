import CKernels

/// Keys and values of one layer for a sequence that grows: [B, S, C] each, the first `length`
/// positions filled.
package struct PastKeysValues: Sendable {
    package let keys: Tensor<Float>
    package let values: Tensor<Float>
    package let length: Int

    /// - Precondition: both are [B, S, C], and `length` is at most S.
    package init(keys: Tensor<Float>, values: Tensor<Float>, length: Int) {
        precondition(
            keys.shape.count == 3 && keys.shape == values.shape
                && (0...keys.shape[1]).contains(length),
            "expected equal [B, S, C] with S of at least \(length), got \(keys.shape) "
                + "and \(values.shape)")
        self.keys = keys
        self.values = values
        self.length = length
    }
}

extension Tape {
    /// Causal attention of T new positions over the past and themselves: [B, T, 3C] -> [B, T, C].
    ///
    /// Writes the new keys and values behind those of the past. The values are those of
    /// `causalAttention` over the whole sequence; there is no backward pass.
    ///
    /// - Precondition: the past has room for T positions, and nothing here wants a gradient.
    package func cachedAttention(
        _ qkv: Variable, _ options: AttentionOptions, past: PastKeysValues
    ) -> Variable {
        precondition(!recordsGradients, "attention over a cache has no gradient")
        let layout = CachedAttentionLayout(qkv: qkv.value, past, headCount: options.headCount)
        let y = device.uninitialized([layout.batchSize, layout.length, layout.width])
        device.forEach(layout.batchSize * layout.headCount, as: .attention) { head in
            layout.remember(head)
            device.attend(layout, head, into: y)
        }
        return constant(y)
    }
}

/// Where the heads stand in [B, T, 3C], [B, T, C] and the cache [B, S, C].
private struct CachedAttentionLayout {
    let qkv: Tensor<Float>
    let past: PastKeysValues
    let headCount: Int
    let batchSize: Int, length: Int, width: Int, headSize: Int

    /// Rows of queries taken at once: their scores stay in the second-level cache.
    static let blockRows = 128

    init(qkv: Tensor<Float>, _ past: PastKeysValues, headCount: Int) {
        let (batchSize, room, width) = (past.keys.shape[0], past.keys.shape[1], past.keys.shape[2])
        precondition(
            qkv.shape.count == 3 && qkv.shape[0] == batchSize && qkv.shape[2] == 3 * width
                && past.length + qkv.shape[1] <= room && width % headCount == 0,
            "expected [\(batchSize), at most \(room - past.length), \(3 * width)] for "
                + "\(headCount) heads, got \(qkv.shape)")
        self.qkv = qkv
        self.past = past
        self.headCount = headCount
        (self.batchSize, length, self.width) = (batchSize, qkv.shape[1], width)
        headSize = width / headCount
    }

    var scale: Float { 1 / Float(headSize).squareRoot() }
    var total: Int { past.length + length }

    /// Rows of `tensor` [B, length, columns] of a head, which starts at `column`.
    func rows(
        _ rows: Range<Int>, of tensor: Tensor<Float>, _ head: Int, column: Int = 0
    ) -> Matrix<Float> {
        let (b, h) = head.quotientAndRemainder(dividingBy: headCount)
        let (length, stride) = (tensor.shape[1], tensor.shape[2])
        let start = (b * length + rows.lowerBound) * stride + column + h * headSize
        return Matrix(
            tensor.pointer + start, rows: rows.count, columns: headSize, stride: stride)
    }

    /// Copies the new keys and values of a head into the cache.
    func remember(_ head: Int) {
        let parts = [(past.keys, column: width), (past.values, column: 2 * width)]
        for (cache, column) in parts {
            let source = rows(0..<length, of: qkv, head, column: column)
            let target = rows(past.length..<total, of: cache, head)
            for row in 0..<length {
                (target.pointer + row * target.stride).update(
                    from: source.pointer + row * source.stride, count: headSize)
            }
        }
    }
}

extension Device {
    fileprivate func attend(_ layout: CachedAttentionLayout, _ head: Int, into y: Tensor<Float>) {
        let blockRows = min(CachedAttentionLayout.blockRows, layout.length)
        // The softmax works on whole vectors of 16.
        let scratch = uninitialized([blockRows, (layout.total + 15) / 16 * 16])
        let logSums = uninitialized([blockRows])
        for start in stride(from: 0, to: layout.length, by: blockRows) {
            let rows = start..<min(start + blockRows, layout.length)
            let seen = 0..<layout.past.length + rows.upperBound
            let scores = Matrix(
                scratch.pointer, rows: rows.count, columns: seen.count,
                stride: scratch.columnCount)
            let keys = layout.rows(seen, of: layout.past.keys, head)
            Self.multiplySerially(
                layout.rows(rows, of: layout.qkv, head), keys.transposed, into: scores)
            kernel_causal_softmax(
                scores.pointer, logSums.pointer, rows.count, scores.stride,
                layout.past.length + rows.lowerBound, layout.scale)
            let values = layout.rows(seen, of: layout.past.values, head)
            Self.multiplySerially(scores, values, into: layout.rows(rows, of: y, head))
        }
    }
}
