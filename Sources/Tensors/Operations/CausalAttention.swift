extension Tape {
    /// Multi-head causal self-attention (Vaswani et al., 2017): queries, keys and values side by side
    /// in [B, T, (H + 2K) D] -> [B, T, H D], with H heads of queries, K heads of keys and values, and
    /// the head size D. Head h of the queries sees head h K / H of the keys.
    ///
    /// P = softmax(Q Kᵀ / sqrt(head size)) over the past, Y = P V. Rows are taken in blocks that
    /// skip what the mask hides and what lies before their windows; only the log-sum of each row is
    /// kept, and the backward pass makes P again: dV = Pᵀ dY, dP = dY Vᵀ, dS = P (dP - dY·Y), dQ = dS K, dK = dSᵀ Q.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func causalAttention<Element>(
        _ qkv: Value<Element>, _ options: AttentionOptions
    ) -> Value<Element> {
        let layout = AttentionLayout(qkvShape: qkv.shape, options)
        let y = kept([layout.batchSize, layout.length, layout.width], of: Element.self)
        let logSums = device.uninitialized([layout.headTotal, layout.length])
        let multipliesFloats = Element.self == BFloat16.self && device.products.widensBFloat16
        let parts = layout.parts(heads: 1, groups: layout.headTotal)
        device.forEach(parts.count * layout.headTotal, as: .attention) { task in
            let (part, head) = task.quotientAndRemainder(dividingBy: layout.headTotal)
            if multipliesFloats {
                device.attend(layout, head, parts[part], qkv.value, by: Float.self, y, logSums)
            } else {
                device.attend(layout, head, parts[part], qkv.value, by: Element.self, y, logSums)
            }
        }
        return record(y, inputs: [qkv.node]) { [device, input = qkv.value] dy in
            qkv.node?.contribute { dqkv, adds in
                precondition(!adds, "queries, keys and values are used once")
                let pass = AttentionBackward(
                    layout, qkv: input, y: y, logSums: logSums, dy: dy, dqkv: dqkv, on: device)
                if multipliesFloats { pass.run(by: Float.self) } else { pass.run(by: Element.self) }
            }
        }
    }
}

/// Rows of a head in the elements that are multiplied: where they lie, or widened to floats into
/// memory of the task. Each is then converted once, not in each product, and probabilities and their
/// gradients are not rounded.
struct HeadRows<Factor: ComputeElement> {
    private let matrix: Matrix<Factor>
    private let first: Int
    /// Keeps the memory of widened rows.
    private let floats: Tensor<Float>?

    /// - Parameter first: the number of the first of the rows.
    init<Element: ComputeElement>(_ rows: Matrix<Element>, from first: Int = 0, on device: Device) {
        self.first = first
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
        matrix.part(range.lowerBound - first..<range.upperBound - first, 0..<matrix.columns)
    }
}

extension Device {
    /// out = a b, rounded at the end where the factors are floats and `out` is not.
    ///
    /// - Parameter scratch: room for the floats of `out`.
    func multiplySerially<Factor: ComputeElement, Element: ComputeElement>(
        _ a: Matrix<Factor>, _ b: Matrix<Factor>, into out: Matrix<Element>,
        scratch: Tensor<Float>
    ) {
        if Factor.self == Element.self { return multiplySerially(a, b, into: out) }
        let sums = Element.sums(out, scratch: scratch)
        multiplySerially(a, b, into: sums)
        Element.narrow(sums, into: out)
    }

    /// Computes the rows of some blocks of a head.
    func attend<Element: ComputeElement, Factor: ComputeElement>(
        _ layout: AttentionLayout, _ head: Int, _ blocks: [AttentionBlock],
        _ qkv: Tensor<Element>, by factor: Factor.Type, _ y: Tensor<Element>,
        _ logSums: Tensor<Float>
    ) {
        let own = blocks.rows
        let past = layout.options.seen(by: own)
        let scratch = uninitialized([AttentionLayout.blockRows, layout.scratchStride])
        let narrowScratch = Factor.narrowScratch(for: scratch, on: self)
        let outScratch = uninitialized([AttentionLayout.blockRows, layout.headSize])
        let queries = HeadRows<Factor>(
            layout.part(0, qkv, head, rows: own), from: own.lowerBound, on: self)
        let keys = HeadRows<Factor>(
            layout.part(1, qkv, head, rows: past), from: past.lowerBound, on: self)
        let values = HeadRows<Factor>(
            layout.part(2, qkv, head, rows: past), from: past.lowerBound, on: self)
        for rows in blocks.map(\.rows) {
            let scores = layout.scores(scratch, rows: rows)
            multiplySerially(
                queries.rows(rows), keys.rows(scores.seen).transposed, into: scores.matrix)
            scores.makeProbabilities(
                logSums.pointer + head * layout.length + rows.lowerBound)
            if layout.hasDropout {
                layout.dropOut(scores.matrix, into: scores.matrix, head: head, rows: rows)
            }
            multiplySerially(
                Factor.narrowed(scores.matrix, into: narrowScratch), values.rows(scores.seen),
                into: layout.output(y, head, rows: rows), scratch: outScratch)
        }
    }
}
