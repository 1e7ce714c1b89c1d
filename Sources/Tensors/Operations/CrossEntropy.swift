import CKernels

/// The sum of the losses of a batch, in nats, and the root of its backward pass.
package struct LossSum {
    /// Sum over counted rows, in double, in row order.
    package let value: Double
    /// The scaled sum; its backward pass starts with 1.
    package let root: Variable
    /// Further sums over the same rows, of which an objective tells.
    package var sums: [Double] = []
}

extension Tape {
    /// Cross-entropy of logits [..., V] against targets [...]; a target below 0 is not counted.
    ///
    /// Row loss: log(sum(exp(z))) - z[target]; dz = (softmax(z) - one-hot) * scale.
    ///
    /// - Parameter weights: how much each row counts; nil counts all alike.
    package func crossEntropy(
        _ logits: Variable, targets: Tensor<Int32>, scale: Float, weights: [Float]? = nil
    ) -> LossSum {
        let (rows, columns) = (logits.value.rowCount, logits.value.columnCount)
        let losses = device.uninitialized([rows])
        device.forEachRowChunk(rows: rows, columns: columns, as: .crossEntropy) { chunk in
            kernel_cross_entropy(
                losses.pointer + chunk.lowerBound,
                logits.value.pointer + chunk.lowerBound * columns,
                targets.pointer + chunk.lowerBound, chunk.count, columns)
        }
        let sum =
            weights.map { zip($0, losses.array).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
            ?? device.sum(losses)
        let out = device.tensor([Float(sum) * scale], shape: [1])
        let root = record(out, inputs: [logits.node]) { [device, z = logits.value] dy in
            let dz = device.uninitialized(z.shape)
            device.crossEntropyGradient(
                z, targets, losses: losses, into: dz, scale: scale * dy.pointer[0])
            for (row, weight) in (weights ?? []).enumerated() {
                kernel_scale(
                    dz.pointer + row * columns, dz.pointer + row * columns, weight, columns)
            }
            logits.node?.contribute(dz)
        }
        return LossSum(value: sum, root: root)
    }

    /// Cross-entropy of x [rows, C] times the transpose of `weight` [V, C], without ever storing all
    /// logits: a slice of rows at a time, in memory of gradients that are still to come, is turned into
    /// its gradient and used at once.
    ///
    /// The gradients are made in the forward pass, so the result must be the root of the backward
    /// pass, and a recording tape must be walked back.
    ///
    /// - Parameter cap: the bound c of logits z: c tanh(z / c); nil for none.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func linearCrossEntropy<Element>(
        _ x: Value<Element>, weight: Variable, targets: Tensor<Int32>, scale: Float,
        cap: Float? = nil
    ) -> LossSum {
        let losses = device.uninitialized([x.value.rowCount])
        let dx = x.node.map { _ in device.uninitialized(x.shape, of: Element.self) }
        // Beside a frozen weight there is no gradient in whose place they could stand.
        let mostRows = weight.node == nil ? Device.rowsOfLogits / 2 : Device.rowsOfLogits
        let sliceRows = max(1, min(x.value.rowCount, mostRows))
        let scratch = scratch([sliceRows, weight.shape[0]], besides: weight.node)
        device.operations.measure(.crossEntropy) {
            device.linearCrossEntropy(
                x.value, weight: OutputOperand(weight, on: device), targets: targets,
                losses: losses, dx: dx, weightNode: weight.node, scratch: scratch, scale: scale,
                cap: cap)
        }
        let sum = device.sum(losses)
        let out = device.tensor([Float(sum) * scale], shape: [1])
        let root = record(out, inputs: [x.node, weight.node]) { [x = x.node] dy in
            precondition(dy.pointer[0] == 1, "linearCrossEntropy must be the root")
            if let dx { x?.contribute(dx) }
        }
        return LossSum(value: sum, root: root)
    }
}

extension Tensor {
    /// Some rows of x [..., C], as [rows, C]; shares the storage.
    func flatRows(_ rows: Range<Int>) -> Tensor {
        reshaped([rowCount, columnCount]).slice(rows)
    }
}

extension Device {
    /// Rows whose logits exist at a time: enough for full tiles, 100 MB for GPT-2's vocabulary.
    static let rowsOfLogits = 512

    fileprivate func crossEntropyGradient<Element: ComputeElement>(
        _ logits: Tensor<Float>, _ targets: Tensor<Int32>, losses: Tensor<Float>,
        into out: Tensor<Element>, scale: Float, cap: Float? = nil
    ) {
        let columns = logits.columnCount
        forEachRowChunk(rows: logits.rowCount, columns: columns, as: .crossEntropy) { chunk in
            let (row, start) = (chunk.lowerBound, chunk.lowerBound * columns)
            Element.crossEntropyGradient(
                out.pointer + start, losses: losses.pointer + row, logits: logits.pointer + start,
                targets: targets.pointer + row, rows: chunk.count, columns: columns, scale: scale,
                cap: cap)
        }
    }

    func crossEntropyLosses(
        _ logits: Tensor<Float>, _ targets: Tensor<Int32>, into losses: Tensor<Float>
    ) {
        let columns = logits.columnCount
        forEachRowChunk(rows: logits.rowCount, columns: columns, as: .crossEntropy) { chunk in
            kernel_cross_entropy(
                losses.pointer + chunk.lowerBound, logits.pointer + chunk.lowerBound * columns,
                targets.pointer + chunk.lowerBound, chunk.count, columns)
        }
    }

    fileprivate func linearCrossEntropy<Element: ComputeElement>(
        _ x: Tensor<Element>, weight: OutputOperand<Element>, targets: Tensor<Int32>,
        losses: Tensor<Float>, dx: Tensor<Element>?, weightNode: GradientNode<Float>?,
        scratch: Tensor<Float>, scale: Float, cap: Float?
    ) {
        let targets = targets.reshaped([targets.count])
        // Where bfloat16 is multiplied as floats, the gradient stays what it is and where it is.
        let narrowScratch =
            products.widensBFloat16 ? nil : Element.narrowScratch(for: scratch, on: self)
        for start in stride(from: 0, to: x.rowCount, by: scratch.shape[0]) {
            let rows = start..<min(start + scratch.shape[0], x.rowCount)
            let logits = scratch.slice(0..<rows.count)
            let (targets, losses) = (targets.slice(rows), losses.slice(rows))
            multiply(x.flatRows(rows), by: weight, into: logits)
            if let cap { softCap(logits, by: cap, into: logits) }
            guard dx != nil || weightNode != nil else {
                crossEntropyLosses(logits, targets, into: losses)
                continue
            }
            let (x, dx) = (x.flatRows(rows), dx?.flatRows(rows))
            func back<Gradient: ComputeElement>(through gradient: Tensor<Gradient>) {
                crossEntropyGradient(
                    logits, targets, losses: losses, into: gradient, scale: scale, cap: cap)
                if let dx { multiplyBack(gradient, by: weight, into: dx) }
                weightNode?.contribute { dw, adds in
                    multiply(gradient.matrix.transposed, x.matrix, into: dw.matrix, adds: adds)
                }
            }
            if let narrowScratch {
                back(through: narrowScratch.slice(0..<rows.count))
            } else {
                back(through: logits)
            }
        }
    }
}
