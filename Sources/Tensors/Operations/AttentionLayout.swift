import CKernels

/// The places of the heads in [B, T, (H + 2K) D] and [B, T, H D].
package struct AttentionLayout {
    let batchSize: Int, length: Int, width: Int, headSize: Int
    let options: AttentionOptions
    /// The place of the first row among all sequences, for dropout.
    var (firstSequence, firstPosition) = (0, 0)

    /// Rows of queries taken at once: their scores over the whole past stay in the second-level cache.
    static let blockRows = 128

    package init(qkvShape: [Int], _ options: AttentionOptions) {
        let (queryHeads, keyHeads) = (options.headCount, options.keyValueHeadCount)
        precondition(
            qkvShape.count == 3 && queryHeads % keyHeads == 0
                && qkvShape[2] % (queryHeads + 2 * keyHeads) == 0,
            "expected [B, T, (H + 2K) D] for \(queryHeads) heads over \(keyHeads), got \(qkvShape)")
        batchSize = qkvShape[0]
        length = qkvShape[1]
        headSize = qkvShape[2] / (queryHeads + 2 * keyHeads)
        width = queryHeads * headSize
        self.options = options
    }

    var headTotal: Int { batchSize * options.headCount }
    var groupTotal: Int { batchSize * options.keyValueHeadCount }
    var groupSize: Int { options.headCount / options.keyValueHeadCount }
    private var joinedWidth: Int { width + 2 * options.keyValueHeadCount * headSize }

    /// The heads of queries that share a head of keys and values.
    func heads(ofGroup group: Int) -> Range<Int> {
        group * groupSize..<(group + 1) * groupSize
    }

    /// Scores of a block of rows over what they see; each row has room for whole vectors.
    func scores(_ scratch: Tensor<Float>, rows: Range<Int>) -> AttentionScores {
        let seen = options.seen(by: rows)
        let matrix = Matrix(
            scratch.pointer, rows: rows.count, columns: seen.count,
            stride: Self.wholeVectors(seen.count))
        return AttentionScores(matrix, rows: rows, seen: seen, headSize: headSize, options)
    }

    var blockCount: Int { (length + Self.blockRows - 1) / Self.blockRows }

    var scratchStride: Int {
        Self.wholeVectors(options.mostSeen(length: length, blockRows: Self.blockRows))
    }

    private static func wholeVectors(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// Rows of queries (part 0), keys (1) or values (2) of a head.
    func part<Element>(
        _ part: Int, _ qkv: Tensor<Element>, _ head: Int, rows: Range<Int>
    ) -> Matrix<Element> {
        let (b, h) = head.quotientAndRemainder(dividingBy: options.headCount)
        let column =
            part == 0
            ? h : options.headCount + (part - 1) * options.keyValueHeadCount + h / groupSize
        let start = (b * length + rows.lowerBound) * joinedWidth + column * headSize
        return Matrix(
            qkv.pointer + start, rows: rows.count, columns: headSize, stride: joinedWidth)
    }

    func output<Element>(
        _ y: Tensor<Element>, _ head: Int, rows: Range<Int>
    ) -> Matrix<Element> {
        let (b, h) = head.quotientAndRemainder(dividingBy: options.headCount)
        let start = (b * length + rows.lowerBound) * width + h * headSize
        return Matrix(y.pointer + start, rows: rows.count, columns: headSize, stride: width)
    }

    /// out = in with the dropout mask of the rows `rows` of a head; each row over what it sees.
    func dropOut(_ source: Matrix<Float>, into out: Matrix<Float>, head: Int, rows: Range<Int>) {
        guard let dropout = options.dropout else { return }
        let (b, h) = head.quotientAndRemainder(dividingBy: options.headCount)
        var stream = dropout.kernelStream(sequence: firstSequence + b)
        let first = options.seen(by: rows).lowerBound
        for row in rows {
            let offset = (row - rows.lowerBound) * source.stride
            let place = h * options.contextLength + firstPosition + row
            let element = place * options.contextLength + firstPosition + first
            kernel_dropout(
                out.pointer + offset, source.pointer + offset, row + 1 - first, UInt(element),
                &stream)
        }
    }

    var hasDropout: Bool { options.dropout.map { $0.rate > 0 } ?? false }
}
