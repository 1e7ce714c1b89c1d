import CKernels

/// Options of causal attention.
package struct AttentionOptions: Sendable {
    /// Heads of queries.
    package var headCount: Int
    /// Heads of keys and values; as many queries share each as divide them (Ainslie et al., 2023).
    package var keyValueHeadCount: Int
    /// Dropout on the attention probabilities.
    package var dropout: Dropout?
    /// Stride of the dropout counter, so that the mask does not depend on the length of a batch.
    package var contextLength: Int

    /// - Parameter keyValueHeadCount: a divisor of `headCount`; nil gives each query its own.
    package init(
        headCount: Int, keyValueHeadCount: Int? = nil, contextLength: Int, dropout: Dropout? = nil
    ) {
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount ?? headCount
        self.contextLength = contextLength
        self.dropout = dropout
    }
}

extension Tape {
    /// Multi-head causal self-attention (Vaswani et al., 2017): queries, keys and values side by side
    /// in [B, T, (H + 2K) D] -> [B, T, H D], with H heads of queries, K heads of keys and values, and
    /// the head size D. Head h of the queries sees head h K / H of the keys.
    ///
    /// P = softmax(Q Kᵀ / sqrt(head size)) over the past, Y = P V. Rows are taken in blocks that
    /// skip what the mask hides; only the log-sum of each row is kept, and the backward pass makes P
    /// again: dV = Pᵀ dY, dP = dY Vᵀ, dS = P (dP - dY·Y), dQ = dS K, dK = dSᵀ Q.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func causalAttention<Element>(
        _ qkv: Value<Element>, _ options: AttentionOptions
    ) -> Value<Element> {
        let layout = AttentionLayout(qkvShape: qkv.shape, options)
        let y = kept([layout.batchSize, layout.length, layout.width], of: Element.self)
        let logSums = device.uninitialized([layout.headTotal, layout.length])
        device.forEach(layout.headTotal, as: .attention) { head in
            device.attend(layout, head, qkv.value, into: y, logSums)
        }
        return record(y, inputs: [qkv.node]) { [device, input = qkv.value] dy in
            qkv.node?.contribute { dqkv, adds in
                precondition(!adds, "queries, keys and values are used once")
                let pass = AttentionBackward(
                    layout: layout, qkv: input, y: y, logSums: logSums, dy: dy, dqkv: dqkv,
                    device: device)
                device.forEach(layout.groupTotal, as: .attention) { pass.run($0) }
            }
        }
    }
}

/// The places of the heads in [B, T, (H + 2K) D] and [B, T, H D].
private struct AttentionLayout {
    let batchSize: Int, length: Int, width: Int, headSize: Int
    let options: AttentionOptions

    /// Rows of queries taken at once: their scores over the whole past stay in the second-level cache.
    static let blockRows = 128

    init(qkvShape: [Int], _ options: AttentionOptions) {
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
    private var groupSize: Int { options.headCount / options.keyValueHeadCount }
    private var joinedWidth: Int { width + 2 * options.keyValueHeadCount * headSize }

    /// The heads of queries that share a head of keys and values.
    func heads(ofGroup group: Int) -> Range<Int> {
        group * groupSize..<(group + 1) * groupSize
    }

    var scale: Float { 1 / Float(headSize).squareRoot() }

    /// Scores of a block of rows over their past; each row has room for whole vectors.
    func scores(_ scratch: Tensor<Float>, rows: Range<Int>) -> Matrix<Float> {
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

    /// out = in with the dropout mask of the rows `rows` of a head; each row over its past.
    func dropOut(_ source: Matrix<Float>, into out: Matrix<Float>, head: Int, rows: Range<Int>) {
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
    fileprivate func attend<Element: ComputeElement>(
        _ layout: AttentionLayout, _ head: Int, _ qkv: Tensor<Element>, into y: Tensor<Element>,
        _ logSums: Tensor<Float>
    ) {
        let scratch = uninitialized([AttentionLayout.blockRows, layout.scratchStride])
        let narrowScratch = Element.narrowScratch(for: scratch, on: self)
        for rows in layout.blocks {
            let past = 0..<rows.upperBound
            let scores = layout.scores(scratch, rows: rows)
            let queries = layout.part(0, qkv, head, rows: rows)
            let keys = layout.part(1, qkv, head, rows: past)
            multiplySerially(queries, keys.transposed, into: scores)
            kernel_causal_softmax(
                scores.pointer, logSums.pointer + head * layout.length + rows.lowerBound,
                rows.count, scores.stride, rows.lowerBound, layout.scale)
            if layout.hasDropout { layout.dropOut(scores, into: scores, head: head, rows: rows) }
            let probabilities = Element.narrowed(scores, into: narrowScratch)
            let values = layout.part(2, qkv, head, rows: past)
            multiplySerially(probabilities, values, into: layout.output(y, head, rows: rows))
        }
    }
}

/// The backward pass of attention, one head of keys and values, and the queries that share it, after the
/// other.
private struct AttentionBackward<Element: ComputeElement>: @unchecked Sendable {
    let layout: AttentionLayout
    let qkv: Tensor<Element>
    let y: Tensor<Element>
    let logSums: Tensor<Float>
    let dy: Tensor<Element>
    let dqkv: Tensor<Element>
    let device: Device

    /// Gradients of a head of keys and values, which many rows of queries add to: in floats.
    private struct Sums {
        let keys: Matrix<Float>
        let values: Matrix<Float>
    }

    func run(_ group: Int) {
        let heads = layout.heads(ofGroup: group)
        let (first, all) = (heads.lowerBound, 0..<layout.length)
        let scratch = device.uninitialized([2, AttentionLayout.blockRows, layout.scratchStride])
        let narrow = Element.narrowScratch(for: scratch, on: device)
        let dots = device.uninitialized([AttentionLayout.blockRows])
        let wide = device.uninitialized([2, layout.length, layout.headSize])
        let sums = Sums(
            keys: Element.sums(layout.part(1, dqkv, first, rows: all), scratch: wide.slice(0..<1)),
            values: Element.sums(layout.part(2, dqkv, first, rows: all), scratch: wide.slice(1..<2))
        )
        // From the last block on: its past is everything, so that it writes dK and dV first.
        for head in heads {
            for rows in layout.blocks.reversed() {
                let adds = head > first || rows.upperBound < layout.length
                add(head, rows: rows, scratch, narrow, dots, to: sums, adds: adds)
            }
        }
        Element.narrow(sums.keys, into: layout.part(1, dqkv, first, rows: all))
        Element.narrow(sums.values, into: layout.part(2, dqkv, first, rows: all))
    }

    private func add(
        _ head: Int, rows: Range<Int>, _ scratch: Tensor<Float>, _ narrow: Tensor<Element>,
        _ dots: Tensor<Float>, to sums: Sums, adds: Bool
    ) {
        let past = 0..<rows.upperBound
        let p = layout.scores(scratch, rows: rows)
        let d = layout.scores(scratch.slice(1..<2), rows: rows)
        let queries = layout.part(0, qkv, head, rows: rows)
        let keys = layout.part(1, qkv, head, rows: past)
        let values = layout.part(2, qkv, head, rows: past)
        let (out, dOut) = (layout.output(y, head, rows: rows), layout.output(dy, head, rows: rows))

        device.multiplySerially(queries, keys.transposed, into: p)
        kernel_causal_probabilities(
            p.pointer, logSums.pointer + head * layout.length + rows.lowerBound, rows.count,
            p.stride, rows.lowerBound, layout.scale)
        Element.rowDots(
            dots.pointer, dOut.pointer, out.pointer, rows: rows.count, columns: layout.headSize,
            stride: layout.width)

        if layout.hasDropout {
            kernel_fill(d.pointer, 0, rows.count * d.stride)
            layout.dropOut(p, into: d, head: head, rows: rows)
        }
        let dropped = Element.narrowed(layout.hasDropout ? d : p, into: narrow.slice(0..<1))
        device.multiplySerially(
            dropped.transposed, dOut, into: sums.values.firstRows(past.count), adds: adds)

        device.multiplySerially(dOut, values.transposed, into: d)
        if layout.hasDropout { layout.dropOut(d, into: d, head: head, rows: rows) }
        kernel_attention_score_gradient(
            d.pointer, p.pointer, dots.pointer, rows.count, p.stride, layout.scale)
        let dScores = Element.narrowed(d, into: narrow.slice(1..<2))
        device.multiplySerially(dScores, keys, into: layout.part(0, dqkv, head, rows: rows))
        device.multiplySerially(
            dScores.transposed, queries, into: sums.keys.firstRows(past.count), adds: adds)
    }
}
