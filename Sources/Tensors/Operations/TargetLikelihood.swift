import CKernels

/// What the logits of some rows are like, beside the log-probabilities of their targets: [rows] each.
package struct LogitStatistics {
    /// The entropy of the distribution, in nats.
    package let entropies: Tensor<Float>
    /// The average of the logits.
    package let means: Tensor<Float>
    /// 1 where no token is likelier than the target, else 0.
    package let tops: Tensor<Float>
}

/// The log-probabilities of targets, and what else was asked for.
package struct TargetLikelihoods {
    /// In nats, [rows].
    package let values: Variable
    /// Nil where nobody asked.
    package let statistics: LogitStatistics?
}

extension Tape {
    /// The log-probabilities of targets [rows] after x [rows, C] times the transpose of `weight` [V, C]:
    /// minus the losses that cross-entropy gives them, bit for bit; 0 where a target is below 0.
    ///
    /// Never all logits are stored: a slice of rows at a time. The backward pass makes them again, but
    /// for the last slice, which is still there: dz = (one-hot - softmax(z)) dlogp.
    ///
    /// - Parameters:
    ///   - cap: the bound c of logits z: c tanh(z / c); nil for none.
    ///   - temperature: what logits are divided by; with a cap it is 1.
    ///   - wantsStatistics: whether the logits are described, for which no target may be below 0.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func linearLogProbabilities<Element: ComputeElement>(
        _ x: Value<Element>, weight: Variable, targets: Tensor<Int32>, cap: Float? = nil,
        temperature: Float = 1, wantsStatistics: Bool = false
    ) -> TargetLikelihoods {
        precondition(
            temperature > 0 && (cap == nil || temperature == 1),
            "expected a temperature above 0, and 1 with a cap, got \(temperature)")
        let pass = LikelihoodPass(
            x: x.value, weight: OutputOperand(weight, on: device), targets: targets, cap: cap,
            inverseTemperature: 1 / temperature,
            logits: device.uninitialized([
                max(1, min(x.value.rowCount, likelihoodRows)), weight.shape[0],
            ]), device: device)
        let statistics = wantsStatistics ? device.statistics(rows: x.value.rowCount) : nil
        let out = device.uninitialized([x.value.rowCount])
        device.operations.measure(.crossEntropy) { pass.forward(into: out, statistics) }
        let values = record(out, inputs: [x.node, weight.node]) {
            [device, x = x.node, weight = weight.node] dy in
            device.operations.measure(.crossEntropy) {
                let dx = pass.backward(dy, wantsInput: x != nil, weight)
                if let dx { x?.contribute(dx) }
            }
        }
        return TargetLikelihoods(values: values, statistics: statistics)
    }

    /// A loss that is computed elsewhere, from the values of x: `value`, whose derivatives by the elements
    /// of x are known.
    package func loss(_ value: Double, of x: Variable, derivatives: [Float]) -> LossSum {
        loss(value, of: [(x, derivatives)])
    }

    /// The same of several values.
    package func loss(
        _ value: Double, of terms: [(x: Variable, derivatives: [Float])]
    ) -> LossSum {
        let out = device.tensor([Float(value)], shape: [1])
        let parts = terms.map { (node: $0.x.node, shape: $0.x.shape, values: $0.derivatives) }
        let root = record(out, inputs: parts.map(\.node)) { [device] dy in
            let scale = dy.pointer[0]
            for part in parts {
                part.node?.contribute(
                    device.tensor(part.values.map { $0 * scale }, shape: part.shape))
            }
        }
        return LossSum(value: value, root: root)
    }
}

extension Tape {
    /// Rows whose logits exist at a time; fewer where they wait for the backward pass.
    private var likelihoodRows: Int {
        recordsGradients ? Device.rowsOfLogits / 2 : Device.rowsOfLogits
    }
}

extension Device {
    fileprivate func statistics(rows: Int) -> LogitStatistics {
        LogitStatistics(
            entropies: uninitialized([rows]), means: uninitialized([rows]),
            tops: uninitialized([rows]))
    }
}

/// The logits of some rows, slice by slice, and their gradients.
private struct LikelihoodPass<Element: ComputeElement> {
    let x: Tensor<Element>
    let weight: OutputOperand<Element>
    let targets: Tensor<Int32>
    let cap: Float?
    let inverseTemperature: Float
    /// Those of one slice, at first of the last one.
    let logits: Tensor<Float>
    let device: Device

    private var slices: [Range<Int>] {
        stride(from: 0, to: x.rowCount, by: logits.shape[0]).map {
            $0..<min($0 + logits.shape[0], x.rowCount)
        }
    }

    private func logits(of rows: Range<Int>) -> Tensor<Float> {
        let slice = logits.slice(0..<rows.count)
        device.multiply(x.flatRows(rows), by: weight, into: slice)
        if let cap { device.softCap(slice, by: cap, into: slice) }
        if inverseTemperature != 1 { device.scale(slice, by: inverseTemperature, into: slice) }
        return slice
    }

    func forward(into out: Tensor<Float>, _ statistics: LogitStatistics?) {
        for rows in slices {
            let (slice, targets) = (logits(of: rows), targets.slice(rows))
            device.crossEntropyLosses(slice, targets, into: out.slice(rows))
            if let statistics { describe(slice, targets, rows, statistics) }
        }
        for row in 0..<x.rowCount { out.pointer[row] = -out.pointer[row] }
    }

    private func describe(
        _ slice: Tensor<Float>, _ targets: Tensor<Int32>, _ rows: Range<Int>,
        _ statistics: LogitStatistics
    ) {
        let columns = slice.columnCount
        device.forEachRowChunk(rows: rows.count, columns: columns, as: .crossEntropy) { chunk in
            let row = rows.lowerBound + chunk.lowerBound
            kernel_logit_statistics(
                statistics.entropies.pointer + row, statistics.means.pointer + row,
                statistics.tops.pointer + row, slice.pointer + chunk.lowerBound * columns,
                targets.pointer + chunk.lowerBound, chunk.count, columns)
        }
    }

    /// The gradient of x, where it is wanted; that of the weight goes to its node.
    func backward(
        _ dy: Tensor<Float>, wantsInput: Bool, _ weightNode: GradientNode<Float>?
    ) -> Tensor<Element>? {
        let dx = wantsInput ? device.uninitialized(x.shape, of: Element.self) : nil
        let narrow =
            device.products.widensBFloat16
            ? nil : Element.narrowScratch(for: logits, on: device)
        let slices = slices
        for (number, rows) in slices.enumerated().reversed() {
            let slice =
                number == slices.count - 1
                ? logits.slice(0..<rows.count) : logits(of: rows)
            func back<Gradient: ComputeElement>(through gradient: Tensor<Gradient>) {
                turn(slice, rows, dy, into: gradient)
                if let dx { device.multiplyBack(gradient, by: weight, into: dx.flatRows(rows)) }
                weightNode?.contribute { dw, adds in
                    device.multiply(
                        gradient.matrix.transposed, x.flatRows(rows).matrix, into: dw.matrix,
                        adds: adds)
                }
            }
            if let narrow {
                back(through: narrow.slice(0..<rows.count))
            } else {
                back(through: slice)
            }
        }
        return dx
    }

    /// Turns logits into their gradient; `out` may be `slice`.
    private func turn<Gradient: ComputeElement>(
        _ slice: Tensor<Float>, _ rows: Range<Int>, _ dy: Tensor<Float>,
        into out: Tensor<Gradient>
    ) {
        let columns = slice.columnCount
        device.forEachRowChunk(rows: rows.count, columns: columns, as: .crossEntropy) { chunk in
            for row in chunk {
                var loss: Float = 0
                Gradient.crossEntropyGradient(
                    out.pointer + row * columns, losses: &loss,
                    logits: slice.pointer + row * columns,
                    targets: targets.pointer + rows.lowerBound + row, rows: 1, columns: columns,
                    scale: -dy.pointer[rows.lowerBound + row] * inverseTemperature, cap: cap)
            }
        }
    }
}
