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
        let multipliesFloats = Element.self == BFloat16.self && device.products.widensBFloat16
        device.forEach(layout.headTotal, as: .attention) { head in
            if multipliesFloats {
                device.attend(layout, head, qkv.value, by: Float.self, into: y, logSums)
            } else {
                device.attend(layout, head, qkv.value, by: Element.self, into: y, logSums)
            }
        }
        return record(y, inputs: [qkv.node]) { [device, input = qkv.value] dy in
            qkv.node?.contribute { dqkv, adds in
                precondition(!adds, "queries, keys and values are used once")
                let pass = AttentionBackward(
                    layout: layout, qkv: input, y: y, logSums: logSums, dy: dy, dqkv: dqkv,
                    device: device)
                device.forEach(layout.groupTotal, as: .attention) { group in
                    if multipliesFloats {
                        pass.run(group, by: Float.self)
                    } else {
                        pass.run(group, by: Element.self)
                    }
                }
            }
        }
    }
}

/// Rows of a head in the elements that are multiplied: where they lie, or widened to floats into
/// memory of the task. Each is then converted once, not in each product, and probabilities and their
/// gradients are not rounded.
private struct HeadRows<Factor: ComputeElement> {
    let matrix: Matrix<Factor>
    /// Keeps the memory of widened rows.
    private let floats: Tensor<Float>?

    init<Element: ComputeElement>(_ rows: Matrix<Element>, on device: Device) {
        if let matrix = rows as? Matrix<Factor> {
            (self.matrix, floats) = (matrix, nil)
            return
        }
        let floats = device.uninitialized([rows.rows, rows.columns])
        guard let matrix = floats.matrix as? Matrix<Factor> else {
            preconditionFailure("\(Element.self) is multiplied as it is or as floats")
        }
        Element.widen(rows, into: floats.matrix)
        (self.matrix, self.floats) = (matrix, floats)
    }

    func rows(_ range: Range<Int>) -> Matrix<Factor> {
        matrix.part(range, 0..<matrix.columns)
    }
}

extension Device {
    /// out = a b, rounded at the end where the factors are floats and `out` is not.
    ///
    /// - Parameter scratch: room for the floats of `out`.
    fileprivate func multiplySerially<Factor: ComputeElement, Element: ComputeElement>(
        _ a: Matrix<Factor>, _ b: Matrix<Factor>, into out: Matrix<Element>,
        scratch: Tensor<Float>
    ) {
        if Factor.self == Element.self { return multiplySerially(a, b, into: out) }
        let sums = Element.sums(out, scratch: scratch)
        multiplySerially(a, b, into: sums)
        Element.narrow(sums, into: out)
    }

    fileprivate func attend<Element: ComputeElement, Factor: ComputeElement>(
        _ layout: AttentionLayout, _ head: Int, _ qkv: Tensor<Element>, by factor: Factor.Type,
        into y: Tensor<Element>, _ logSums: Tensor<Float>
    ) {
        let all = 0..<layout.length
        let scratch = uninitialized([AttentionLayout.blockRows, layout.scratchStride])
        let narrowScratch = Factor.narrowScratch(for: scratch, on: self)
        let outScratch = uninitialized([AttentionLayout.blockRows, layout.headSize])
        let queries = HeadRows<Factor>(layout.part(0, qkv, head, rows: all), on: self)
        let keys = HeadRows<Factor>(layout.part(1, qkv, head, rows: all), on: self)
        let values = HeadRows<Factor>(layout.part(2, qkv, head, rows: all), on: self)
        for rows in layout.blocks {
            let past = 0..<rows.upperBound
            let scores = layout.scores(scratch, rows: rows)
            multiplySerially(queries.rows(rows), keys.rows(past).transposed, into: scores)
            kernel_causal_softmax(
                scores.pointer, logSums.pointer + head * layout.length + rows.lowerBound,
                rows.count, scores.stride, rows.lowerBound, layout.scale)
            if layout.hasDropout { layout.dropOut(scores, into: scores, head: head, rows: rows) }
            multiplySerially(
                Factor.narrowed(scores, into: narrowScratch), values.rows(past),
                into: layout.output(y, head, rows: rows), scratch: outScratch)
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

    func run<Factor: ComputeElement>(_ group: Int, by factor: Factor.Type) {
        let heads = layout.heads(ofGroup: group)
        let first = heads.lowerBound
        let memory = GroupMemory<Factor>(layout, on: device)
        let keys = HeadRows<Factor>(part(1, qkv, first), on: device)
        let values = HeadRows<Factor>(part(2, qkv, first), on: device)
        let sums = GroupSums(
            keys: Element.sums(part(1, dqkv, first), scratch: memory.sums.slice(0..<1)),
            values: Element.sums(part(2, dqkv, first), scratch: memory.sums.slice(1..<2)))
        // From the last block on: its past is everything, so that it writes dK and dV first.
        for head in heads {
            let rows = HeadBackward(
                layout: layout, head: head, memory: memory,
                queries: HeadRows<Factor>(part(0, qkv, head), on: device), keys: keys,
                values: values,
                dOut: HeadRows<Factor>(
                    layout.output(dy, head, rows: 0..<layout.length), on: device),
                sums: sums, device: device)
            for block in layout.blocks.reversed() {
                let adds = head > first || block.upperBound < layout.length
                rows.add(block, of: self, adds: adds)
            }
        }
        Element.narrow(sums.keys, into: part(1, dqkv, first))
        Element.narrow(sums.values, into: part(2, dqkv, first))
    }

    private func part(_ part: Int, _ qkv: Tensor<Element>, _ head: Int) -> Matrix<Element> {
        layout.part(part, qkv, head, rows: 0..<layout.length)
    }
}

/// Gradients of a head of keys and values, which many rows of queries add to: in floats.
private struct GroupSums {
    let keys: Matrix<Float>
    let values: Matrix<Float>
}

/// What a task of the backward pass needs beside its operands.
private struct GroupMemory<Factor: ComputeElement> {
    let scores: Tensor<Float>
    let narrow: Tensor<Factor>
    let dots: Tensor<Float>
    let out: Tensor<Float>
    let sums: Tensor<Float>

    init(_ layout: AttentionLayout, on device: Device) {
        let rows = AttentionLayout.blockRows
        scores = device.uninitialized([2, rows, layout.scratchStride])
        narrow = Factor.narrowScratch(for: scores, on: device)
        dots = device.uninitialized([rows])
        out = device.uninitialized([rows, layout.headSize])
        sums = device.uninitialized([2, layout.length, layout.headSize])
    }
}

/// The backward pass of one head of queries.
private struct HeadBackward<Factor: ComputeElement> {
    let layout: AttentionLayout
    let head: Int
    let memory: GroupMemory<Factor>
    let queries: HeadRows<Factor>
    let keys: HeadRows<Factor>
    let values: HeadRows<Factor>
    let dOut: HeadRows<Factor>
    let sums: GroupSums
    let device: Device

    func add<Element: ComputeElement>(
        _ rows: Range<Int>, of pass: AttentionBackward<Element>, adds: Bool
    ) {
        let past = 0..<rows.upperBound
        let p = layout.scores(memory.scores, rows: rows)
        let d = layout.scores(memory.scores.slice(1..<2), rows: rows)
        let (queries, keys, dOut) = (queries.rows(rows), keys.rows(past), dOut.rows(rows))
        device.multiplySerially(queries, keys.transposed, into: p)
        let logSums = pass.logSums.pointer + head * layout.length + rows.lowerBound
        kernel_causal_probabilities(
            p.pointer, logSums, rows.count, p.stride, rows.lowerBound, layout.scale)
        if layout.hasDropout {
            kernel_fill(d.pointer, 0, rows.count * d.stride)
            layout.dropOut(p, into: d, head: head, rows: rows)
        }
        let dropped = Factor.narrowed(
            layout.hasDropout ? d : p, into: memory.narrow.slice(0..<1))
        device.multiplySerially(
            dropped.transposed, dOut, into: sums.values.firstRows(past.count), adds: adds)

        device.multiplySerially(dOut, values.rows(past).transposed, into: d)
        if layout.hasDropout { layout.dropOut(d, into: d, head: head, rows: rows) }
        fillDots(rows, of: pass)
        kernel_attention_score_gradient(
            d.pointer, p.pointer, memory.dots.pointer, rows.count, p.stride, layout.scale)
        let dScores = Factor.narrowed(d, into: memory.narrow.slice(1..<2))
        device.multiplySerially(
            dScores, keys, into: layout.part(0, pass.dqkv, head, rows: rows), scratch: memory.out)
        device.multiplySerially(
            dScores.transposed, queries, into: sums.keys.firstRows(past.count), adds: adds)
    }

    /// dY·Y of each row.
    private func fillDots<Element: ComputeElement>(
        _ rows: Range<Int>, of pass: AttentionBackward<Element>
    ) {
        let dOut = layout.output(pass.dy, head, rows: rows)
        Element.rowDots(
            memory.dots.pointer, dOut.pointer, layout.output(pass.y, head, rows: rows).pointer,
            rows: rows.count, columns: layout.headSize, stride: layout.width)
    }
}
