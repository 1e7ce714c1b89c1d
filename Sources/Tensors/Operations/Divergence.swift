import CKernels

/// How far the distributions of a student over the next token are from those of a teacher.
///
/// With s = softmax(z / temperature) of the student, t of the teacher, and m = (1 - beta) s + beta t:
///
///     beta 0: KL(t | s), forward      beta 1: KL(s | t), reverse
///     between: beta KL(t | m) + (1 - beta) KL(s | m), generalised Jensen-Shannon
///
/// in nats a token, as in generalised knowledge distillation (Agarwal et al., "On-policy distillation of
/// language models", 2024) and TRL's GKD: the temperature is not multiplied back.
package struct Divergence: Equatable, Sendable {
    package let beta: Float
    package let temperature: Float

    /// - Precondition: a beta from 0 to 1, and a temperature above 0.
    package init(beta: Float, temperature: Float) {
        precondition(beta >= 0 && beta <= 1, "expected a beta from 0 to 1, got \(beta)")
        precondition(temperature > 0, "expected a temperature above 0, got \(temperature)")
        (self.beta, self.temperature) = (beta, temperature)
    }

    fileprivate func settings(scale: Float, cap: Float?) -> kernel_divergence_settings {
        kernel_divergence_settings(
            beta: beta, temperature: temperature, scale: scale, cap: cap ?? 0)
    }
}

/// What a teacher says of the next token after some rows.
package enum TeacherRows {
    /// All logits, [rows, V] or more columns, of which the further ones are no tokens of the student.
    case logits(Tensor<Float>)
    /// The likeliest tokens alone; all others together count as one.
    case likeliest(LikeliestTokens)
}

/// The likeliest tokens after some rows, and the logs of their shares at a temperature: [rows, k] each.
package struct LikeliestTokens {
    package let ids: Tensor<Int32>
    package let logShares: Tensor<Float>

    /// Tokens of a row at most.
    package static let mostCount = Int(KERNEL_MOST_LIKELIEST)

    package init(ids: Tensor<Int32>, logShares: Tensor<Float>) {
        precondition(
            ids.shape == logShares.shape && ids.columnCount <= Self.mostCount,
            "expected as many ids as shares, \(Self.mostCount) at most, got \(ids.shape)")
        (self.ids, self.logShares) = (ids, logShares)
    }
}

extension Tape {
    /// The divergence of x [rows, C] times the transpose of `weight` [V, C] from a teacher, without ever
    /// storing all logits: a slice of rows at a time is turned into its gradient and used at once.
    ///
    /// The gradients are made in the forward pass, so the result must be the root of the backward
    /// pass, and a recording tape must be walked back.
    ///
    /// - Parameters:
    ///   - teacher: what the teacher says of some of the rows.
    ///   - cap: the bound c of logits z: c tanh(z / c); nil for none.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func linearDivergence<Element: ComputeElement>(
        _ x: Value<Element>, weight: Variable, from teacher: (Range<Int>) -> TeacherRows,
        _ divergence: Divergence, cap: Float? = nil
    ) -> LossSum {
        let rowCount = x.value.rowCount
        let losses = device.uninitialized([rowCount])
        let dx = x.node.map { _ in device.uninitialized(x.shape, of: Element.self) }
        let pass = DivergencePass(
            weight: OutputOperand<Element>(weight, on: device), divergence: divergence, cap: cap,
            device: device)
        let mostRows = max(1, min(rowCount, Device.rowsOfLogits / 2))
        let logits = device.uninitialized([mostRows, weight.shape[0]])
        for start in stride(from: 0, to: rowCount, by: mostRows) {
            let rows = start..<min(start + mostRows, rowCount)
            let teacher = teacher(rows)
            device.operations.measure(.crossEntropy) {
                pass.run(
                    x.value.flatRows(rows), teacher, logits.slice(0..<rows.count),
                    losses: losses.slice(rows), dx: dx?.flatRows(rows), weight.node)
            }
        }
        let sum = device.sum(losses)
        let out = device.tensor([Float(sum)], shape: [1])
        let root = record(out, inputs: [x.node, weight.node]) { [x = x.node] dy in
            precondition(dy.pointer[0] == 1, "linearDivergence must be the root")
            if let dx { x?.contribute(dx) }
        }
        return LossSum(value: sum, root: root)
    }
}

/// The divergence of one slice of rows, and its gradients.
private struct DivergencePass<Element: ComputeElement> {
    let weight: OutputOperand<Element>
    let divergence: Divergence
    let cap: Float?
    let device: Device

    /// - Parameters:
    ///   - logits: becomes their gradient where one is wanted.
    ///   - dx: the gradient of the rows; nil where none is wanted.
    ///   - weightNode: takes that of the weight; nil where it is frozen.
    func run(
        _ x: Tensor<Element>, _ teacher: TeacherRows, _ logits: Tensor<Float>,
        losses: Tensor<Float>, dx: Tensor<Element>?, _ weightNode: GradientNode<Float>?
    ) {
        device.multiply(x, by: weight, into: logits)
        if let cap { device.softCap(logits, by: cap, into: logits) }
        let wantsGradient = dx != nil || weightNode != nil
        device.diverge(
            logits, from: teacher, divergence.settings(scale: 1, cap: cap), losses: losses,
            wantsGradient: wantsGradient)
        guard wantsGradient else { return }
        if device.products.widensBFloat16 {
            back(through: logits, x, dx, weightNode)
        } else {
            back(through: Element.narrowed(logits, on: device), x, dx, weightNode)
        }
    }

    private func back<Gradient: ComputeElement>(
        through gradient: Tensor<Gradient>, _ x: Tensor<Element>, _ dx: Tensor<Element>?,
        _ weightNode: GradientNode<Float>?
    ) {
        if let dx { device.multiplyBack(gradient, by: weight, into: dx) }
        weightNode?.contribute { dw, adds in
            device.multiply(gradient.matrix.transposed, x.matrix, into: dw.matrix, adds: adds)
        }
    }
}

extension Device {
    /// Turns logits into the gradient of their divergence, where that is wanted.
    fileprivate func diverge(
        _ logits: Tensor<Float>, from teacher: TeacherRows, _ settings: kernel_divergence_settings,
        losses: Tensor<Float>, wantsGradient: Bool
    ) {
        let columns = logits.columnCount
        forEachRowChunk(rows: logits.rowCount, columns: columns, as: .crossEntropy) { chunk in
            var settings = settings
            let (first, start) = (chunk.lowerBound, logits.pointer + chunk.lowerBound * columns)
            switch teacher {
            case .logits(let values):
                precondition(
                    values.columnCount >= columns && values.rowCount == logits.rowCount,
                    "expected logits of \(logits.shape), got \(values.shape)")
                kernel_divergence(
                    losses.pointer + first, wantsGradient ? start : nil, start,
                    values.pointer + first * values.columnCount, chunk.count, columns,
                    values.columnCount, &settings)
            case .likeliest(let tokens):
                let count = tokens.ids.columnCount
                kernel_likeliest_divergence(
                    losses.pointer + first, wantsGradient ? start : nil, start,
                    tokens.ids.pointer + first * count, tokens.logShares.pointer + first * count,
                    chunk.count, columns, count, &settings)
            }
        }
    }

    /// The k likeliest tokens of each row of logits, among the first `vocabularySize`, with the logs of their
    /// shares at a temperature; of equal ones those with lower ids.
    package func likeliest(
        _ count: Int, of logits: Tensor<Float>, vocabularySize: Int, temperature: Float
    ) -> LikeliestTokens {
        let columns = logits.columnCount
        let count = min(count, vocabularySize)
        let ids = uninitialized([logits.rowCount, count], of: Int32.self)
        let shares = uninitialized([logits.rowCount, count])
        forEach(logits.rowCount, as: .crossEntropy) { row in
            let values = UnsafeBufferPointer(
                start: logits.pointer + row * columns, count: vocabularySize)
            let found = values.largest(count)
            var scaled = values.map { $0 / temperature }
            var sum: Float = 0
            kernel_log_sums(&sum, &scaled, 1, vocabularySize)
            for (index, id) in found.enumerated() {
                ids.pointer[row * count + index] = Int32(id)
                shares.pointer[row * count + index] = scaled[id] - sum
            }
        }
        return LikeliestTokens(ids: ids, logShares: shares)
    }
}

extension UnsafeBufferPointer<Float> {
    /// The positions of the k largest values, the largest first; of equal ones the first.
    fileprivate func largest(_ count: Int) -> [Int] {
        // A heap whose root is the least of those that are kept.
        var heap: [Int] = []
        func isLess(_ a: Int, _ b: Int) -> Bool { (self[a], -a) < (self[b], -b) }
        func sink(_ start: Int) {
            var place = start
            while true {
                var least = place
                for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                    if isLess(heap[child], heap[least]) { least = child }
                }
                guard least != place else { return }
                heap.swapAt(place, least)
                place = least
            }
        }
        for position in indices {
            if heap.count < count {
                heap.append(position)
                if heap.count == count {
                    for start in stride(from: count / 2, through: 0, by: -1) { sink(start) }
                }
            } else if isLess(heap[0], position) {
                heap[0] = position
                sink(0)
            }
        }
        return heap.sorted { isLess($1, $0) }
    }
}
