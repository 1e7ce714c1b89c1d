/// The places of the heads in [rows, (H + 2K) D] and [rows, H D], and in caches.
struct CachedAttentionLayout {
    let qkv: Tensor<Float>
    let options: AttentionOptions
    let queryHeads: Int, keyHeads: Int
    let width: Int, keyWidth: Int, headSize: Int

    /// Rows of queries taken at once: their scores stay in the second-level cache.
    static let blockRows = 128

    init(qkv: Tensor<Float>, _ stretches: [CachedStretch], _ options: AttentionOptions) {
        (queryHeads, keyHeads) = (options.headCount, options.keyValueHeadCount)
        let cache = stretches.first?.past.layout
        headSize = cache?.headSize ?? 0
        (width, keyWidth) = (queryHeads * headSize, keyHeads * headSize)
        (self.qkv, self.options) = (qkv, options)
        let joinedWidth = width + 2 * keyWidth
        precondition(
            qkv.columnCount == joinedWidth && queryHeads % keyHeads == 0
                && cache?.headCount ?? keyHeads == keyHeads
                && stretches.allSatisfy {
                    $0.past.layout == cache && $0.rows.upperBound <= qkv.rowCount
                },
            "expected [rows, \(joinedWidth)] for \(queryHeads) heads over \(keyHeads), got "
                + "\(qkv.shape)")
    }

    /// The heads of queries that see a head of keys and values.
    func heads(ofKey head: Int) -> Range<Int> {
        let size = queryHeads / keyHeads
        return head * size..<(head + 1) * size
    }

    /// The most positions that a block of new ones sees.
    func mostSeen(by stretch: CachedStretch) -> Int {
        options.mostSeen(
            length: stretch.past.length + stretch.rows.count, blockRows: Self.blockRows)
    }

    /// Rows of a head of queries or of the output.
    func rows(_ rows: Range<Int>, of tensor: Tensor<Float>, query head: Int) -> Matrix<Float> {
        Matrix(
            tensor.pointer + rows.lowerBound * tensor.columnCount + head * headSize,
            rows: rows.count, columns: headSize, stride: tensor.columnCount)
    }

    /// Heads of one row of queries or of the output: [G, D].
    func heads(_ heads: Range<Int>, of tensor: Tensor<Float>, row: Int) -> Matrix<Float> {
        Matrix(
            tensor.pointer + row * tensor.columnCount + heads.lowerBound * headSize,
            rows: heads.count, columns: headSize)
    }

    /// The head of keys and values that a head of queries sees.
    func keyHead(ofQuery head: Int) -> Int { head / (queryHeads / keyHeads) }

    /// Copies the keys and values of a new position into the cache.
    func remember(_ row: Int, of stretch: CachedStretch) {
        let keys = qkv.pointer + (stretch.rows.lowerBound + row) * qkv.columnCount + width
        stretch.past.write(row, keys: keys, values: keys + keyWidth)
    }
}
