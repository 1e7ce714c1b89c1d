import CKernels

/// The sum of the losses of a batch, in nats, and the root of its backward pass.
package struct LossSum {
    /// Sum over counted rows, in double, in row order.
    package let value: Double
    /// The scaled sum; its backward pass starts with 1.
    package let root: Variable
}

extension Tape {
    /// Cross-entropy of logits [..., V] against targets [...]; a target below 0 is not counted.
    ///
    /// Row loss: log(sum(exp(z))) - z[target]; dz = (softmax(z) - one-hot) * scale.
    package func crossEntropy(
        _ logits: Variable, targets: Tensor<Int32>, scale: Float
    ) -> LossSum {
        let (rows, columns) = (logits.value.rowCount, logits.value.columnCount)
        let losses = device.uninitialized([rows])
        device.forEachRowChunk(rows: rows, columns: columns, as: .crossEntropy) { chunk in
            kernel_cross_entropy(
                losses.pointer + chunk.lowerBound,
                logits.value.pointer + chunk.lowerBound * columns,
                targets.pointer + chunk.lowerBound, chunk.count, columns)
        }
        let sum = device.sum(losses)
        let out = device.tensor([Float(sum) * scale], shape: [1])
        let root = record(out, inputs: [logits]) { [device, z = logits.value] dy in
            let dz = device.uninitialized(z.shape)
            device.crossEntropyGradient(
                z, targets, losses: losses, into: dz, scale: scale * dy.pointer[0])
            logits.node?.contribute(dz)
        }
        return LossSum(value: sum, root: root)
    }

    /// Cross-entropy of x [rows, C] times the transpose of `weight` [V, C], without ever storing all
    /// logits: a slice of rows at a time is turned into its gradient in place and used at once.
    ///
    /// The gradients are made in the forward pass, so the result must be the root of the backward
    /// pass, and a recording tape must be walked back.
    package func linearCrossEntropy(
        _ x: Variable, weight: Variable, targets: Tensor<Int32>, scale: Float
    ) -> LossSum {
        let (rows, vocabularySize) = (x.value.rowCount, weight.shape[0])
        let losses = device.uninitialized([rows])
        let dx = x.node.map { _ in device.uninitialized(x.shape) }
        let sliceRows = min(rows, Self.rowsOfLogits)
        let scratch = device.uninitialized([max(1, sliceRows), vocabularySize])
        for start in stride(from: 0, to: rows, by: max(1, sliceRows)) {
            let part = start..<min(start + sliceRows, rows)
            let slice = LogitsSlice(
                x: x.value.flatRows(part), dx: dx?.flatRows(part), targets: targets.flat(part),
                losses: losses.slice(part), logits: scratch.slice(0..<part.count))
            device.crossEntropy(slice, weight, scale: scale)
        }
        let sum = device.sum(losses)
        let out = device.tensor([Float(sum) * scale], shape: [1])
        let root = record(out, inputs: [x, weight]) { [x = x.node] dy in
            precondition(dy.pointer[0] == 1, "linearCrossEntropy must be the root")
            if let dx { x?.contribute(dx) }
        }
        return LossSum(value: sum, root: root)
    }

    /// Rows whose logits exist at a time: enough for full tiles, 100 MB for GPT-2's vocabulary.
    private static let rowsOfLogits = 512
}

private struct LogitsSlice {
    let x: Tensor<Float>
    let dx: Tensor<Float>?
    let targets: Tensor<Int32>
    let losses: Tensor<Float>
    let logits: Tensor<Float>
}

extension Tensor {
    fileprivate func flatRows(_ rows: Range<Int>) -> Tensor {
        reshaped([rowCount, columnCount]).slice(rows)
    }

    fileprivate func flat(_ part: Range<Int>) -> Tensor { reshaped([count]).slice(part) }
}

extension Device {
    fileprivate func crossEntropyGradient(
        _ logits: Tensor<Float>, _ targets: Tensor<Int32>, losses: Tensor<Float>,
        into out: Tensor<Float>, scale: Float
    ) {
        let columns = logits.columnCount
        forEachRowChunk(rows: logits.rowCount, columns: columns, as: .crossEntropy) { chunk in
            let (row, start) = (chunk.lowerBound, chunk.lowerBound * columns)
            kernel_cross_entropy_gradient(
                out.pointer + start, losses.pointer + row, logits.pointer + start,
                targets.pointer + row, chunk.count, columns, scale)
        }
    }

    fileprivate func crossEntropy(_ slice: LogitsSlice, _ weight: Variable, scale: Float) {
        let (logits, w) = (slice.logits, weight.value.matrix)
        multiply(slice.x.matrix, w.transposed, into: logits.matrix)
        guard slice.dx != nil || weight.node != nil else {
            let columns = logits.columnCount
            forEachRowChunk(rows: logits.rowCount, columns: columns, as: .crossEntropy) { chunk in
                kernel_cross_entropy(
                    slice.losses.pointer + chunk.lowerBound,
                    logits.pointer + chunk.lowerBound * columns,
                    slice.targets.pointer + chunk.lowerBound, chunk.count, columns)
            }
            return
        }
        crossEntropyGradient(
            logits, slice.targets, losses: slice.losses, into: logits, scale: scale)
        if let dx = slice.dx { multiply(logits.matrix, w, into: dx.matrix) }
        weight.node?.contribute { dw, adds in
            multiply(logits.matrix.transposed, slice.x.matrix, into: dw.matrix, adds: adds)
        }
    }
}
