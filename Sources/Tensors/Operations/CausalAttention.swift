import CKernels

/// Options of causal attention.
package struct AttentionOptions: Sendable {
    package var headCount: Int
    /// Dropout on the attention probabilities.
    package var dropout: Dropout?
    /// Stride of the dropout counter, so that the mask does not depend on the length of a batch.
    package var contextLength: Int

    package init(headCount: Int, contextLength: Int, dropout: Dropout? = nil) {
        self.headCount = headCount
        self.contextLength = contextLength
        self.dropout = dropout
    }
}

extension Tape {
    /// Multi-head causal self-attention (Vaswani et al., 2017): queries, keys and values side by side
    /// in [B, T, 3C] -> [B, T, C], with C = heads * head size.
    ///
    /// P = softmax(Q Kᵀ / sqrt(head size)) over the past, Y = P V. Rows are taken in blocks that
    /// skip what the mask hides; only the log-sum of each row is kept, and the backward pass makes P
    /// again: dV = Pᵀ dY, dP = dY Vᵀ, dS = P (dP - dY·Y), dQ = dS K, dK = dSᵀ Q.
    package func causalAttention(_ qkv: Variable, _ options: AttentionOptions) -> Variable {
        let layout = AttentionLayout(qkvShape: qkv.shape, options)
        let y = device.uninitialized([layout.batchSize, layout.length, layout.width])
        let logSums = device.uninitialized([layout.headTotal, layout.length])
        device.forEach(layout.headTotal, as: .attention) { head in
            device.attend(layout, head, qkv.value, into: y, logSums)
        }
        return record(y, inputs: [qkv]) { [device, input = qkv.value] dy in
            qkv.node?.contribute { dqkv, adds in
                precondition(!adds, "queries, keys and values are used once")
                device.forEach(layout.headTotal, as: .attention) { head in
                    device.attendBackward(layout, head, input, y, logSums, dy, into: dqkv)
                }
            }
        }
    }
}

/// Where the heads stand in [B, T, 3C] and [B, T, C].
private struct AttentionLayout {
    let batchSize: Int, length: Int, width: Int, headSize: Int
    let options: AttentionOptions

    /// Rows of queries taken at once: their scores over the whole past stay in the second-level cache.
    static let blockRows = 128

    init(qkvShape: [Int], _ options: AttentionOptions) {
        precondition(
            qkvShape.count == 3 && qkvShape[2] % (3 * options.headCount) == 0,
            "expected [B, T, 3C] for \(options.headCount) heads, got \(qkvShape)")
        batchSize = qkvShape[0]
        length = qkvShape[1]
        width = qkvShape[2] / 3
        headSize = width / options.headCount
        self.options = options
    }

    var headTotal: Int { batchSize * options.headCount }
    var scale: Float { 1 / Float(headSize).squareRoot() }

    /// Scores of a block of rows over their past; each row has room for whole vectors.
    func scores(_ scratch: Tensor<Float>, rows: Range<Int>) -> Matrix {
        Matrix(
            scratch.pointer, rows: rows.count, columns: rows.upperBound,
            stride: Self.wholeVectors(rows.upperBound))
    }

    var scratchStride: Int { Self.wholeVectors(length) }

    private static func wholeVectors(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    var blocks: [Range<Int>] {
        stride(from: 0, to: length, by: Self.blockRows).map {
            $0..<min($0 + Self.blockRows, length)
        }
    }

    /// Rows of queries (part 0), keys (1) or values (2) of a head.
    func part(_ part: Int, _ qkv: Tensor<Float>, _ head: Int, rows: Range<Int>) -> Matrix {
        let (b, h) = head.quotientAndRemainder(dividingBy: options.headCount)
        let start = (b * length + rows.lowerBound) * 3 * width + part * width + h * headSize
        return Matrix(
            qkv.pointer + start, rows: rows.count, columns: headSize, stride: 3 * width)
    }

    func output(_ y: Tensor<Float>, _ head: Int, rows: Range<Int>) -> Matrix {
        let (b, h) = head.quotientAndRemainder(dividingBy: options.headCount)
        let start = (b * length + rows.lowerBound) * width + h * headSize
        return Matrix(y.pointer + start, rows: rows.count, columns: headSize, stride: width)
    }

    /// out = in with the dropout mask of the rows `rows` of a head; each row over its past.
    func dropOut(_ source: Matrix, into out: Matrix, head: Int, rows: Range<Int>) {
        guard let dropout = options.dropout else { return }
        let (b, h) = head.quotientAndRemainder(dividingBy: options.headCount)
        var stream = dropout.kernelStream(sequence: b)
        for row in rows {
            let offset = (row - rows.lowerBound) * source.stride
            let element = (h * options.contextLength + row) * options.contextLength
            kernel_dropout(
                out.pointer + offset, source.pointer + offset, row + 1, UInt(element), &stream)
        }
    }

    var hasDropout: Bool { options.dropout.map { $0.rate > 0 } ?? false }
}

extension Device {
    fileprivate func attend(
        _ layout: AttentionLayout, _ head: Int, _ qkv: Tensor<Float>, into y: Tensor<Float>,
        _ logSums: Tensor<Float>
    ) {
        let scratch = uninitialized([AttentionLayout.blockRows, layout.scratchStride])
        for rows in layout.blocks {
            let past = 0..<rows.upperBound
            let scores = layout.scores(scratch, rows: rows)
            let queries = layout.part(0, qkv, head, rows: rows)
            let keys = layout.part(1, qkv, head, rows: past)
            Self.multiplySerially(queries, keys.transposed, into: scores)
            kernel_causal_softmax(
                scores.pointer, logSums.pointer + head * layout.length + rows.lowerBound,
                rows.count, scores.stride, rows.lowerBound, layout.scale)
            if layout.hasDropout { layout.dropOut(scores, into: scores, head: head, rows: rows) }
            let values = layout.part(2, qkv, head, rows: past)
            Self.multiplySerially(scores, values, into: layout.output(y, head, rows: rows))
        }
    }

    fileprivate func attendBackward(
        _ layout: AttentionLayout, _ head: Int, _ qkv: Tensor<Float>, _ y: Tensor<Float>,
        _ logSums: Tensor<Float>, _ dy: Tensor<Float>, into dqkv: Tensor<Float>
    ) {
        let scratch = uninitialized([2, AttentionLayout.blockRows, layout.scratchStride])
        let dots = uninitialized([AttentionLayout.blockRows])
        // From the last block on: its past is everything, so that it writes dK and dV first.
        for rows in layout.blocks.reversed() {
            let past = 0..<rows.upperBound
            let p = layout.scores(scratch, rows: rows)
            let d = layout.scores(scratch.slice(1..<2), rows: rows)
            let queries = layout.part(0, qkv, head, rows: rows)
            let keys = layout.part(1, qkv, head, rows: past)
            let values = layout.part(2, qkv, head, rows: past)
            let (out, dOut) = (
                layout.output(y, head, rows: rows), layout.output(dy, head, rows: rows)
            )
            let adds = rows.upperBound < layout.length

            Self.multiplySerially(queries, keys.transposed, into: p)
            kernel_causal_probabilities(
                p.pointer, logSums.pointer + head * layout.length + rows.lowerBound, rows.count,
                p.stride, rows.lowerBound, layout.scale)
            kernel_row_dots(
                dots.pointer, dOut.pointer, out.pointer, rows.count, layout.headSize,
                layout.width)

            if layout.hasDropout {
                kernel_fill(d.pointer, 0, rows.count * d.stride)
                layout.dropOut(p, into: d, head: head, rows: rows)
            }
            Self.multiplySerially(
                (layout.hasDropout ? d : p).transposed, dOut,
                into: layout.part(2, dqkv, head, rows: past), adds: adds)

            Self.multiplySerially(dOut, values.transposed, into: d)
            if layout.hasDropout { layout.dropOut(d, into: d, head: head, rows: rows) }
            kernel_attention_score_gradient(
                d.pointer, p.pointer, dots.pointer, rows.count, p.stride, layout.scale)
            Self.multiplySerially(d, keys, into: layout.part(0, dqkv, head, rows: rows))
            Self.multiplySerially(
                d.transposed, queries, into: layout.part(1, dqkv, head, rows: past), adds: adds)
        }
    }
}
