import CKernels

extension Tape {
    /// y = x w + b over the last axis: [..., in] x [in, out] + [out] -> [..., out].
    ///
    /// dx = dy wᵀ,  dw = xᵀ dy,  db = column sums of dy.
    package func linear(_ x: Variable, weight: Variable, bias: Variable? = nil) -> Variable {
        let y = linearForward(x.value, weight.value, bias?.value) { _, _ in }
        return record(y, inputs: [x, weight] + (bias.map { [$0] } ?? [])) {
            [device, input = x.value, w = weight.value] dy in
            device.linearBackward(
                dy, input: input, weight: w, nodes: (x.node, weight.node, bias?.node))
        }
    }

    /// gelu(x w + b), the activation computed on each tile while it is in the cache.
    package func linearGELU(
        _ x: Variable, weight: Variable, bias: Variable, form: GELUForm
    ) -> Variable {
        let y = device.uninitialized(linearShape(x.value, weight.value))
        let columns = y.columnCount
        let before = linearForward(x.value, weight.value, bias.value) { before, tile in
            for row in tile.rows {
                let start = row * columns + tile.columns.lowerBound
                form.forward(y.pointer + start, before.pointer + start, tile.columns.count)
            }
        }
        return record(y, inputs: [x, weight, bias]) {
            [device, input = x.value, w = weight.value] dy in
            let dBefore = device.uninitialized(before.shape)
            device.geluBackward(dy, before, into: dBefore, form: form)
            device.linearBackward(
                dBefore, input: input, weight: w, nodes: (x.node, weight.node, bias.node))
        }
    }

    private func linearShape(_ x: Tensor<Float>, _ weight: Tensor<Float>) -> [Int] {
        precondition(
            weight.shape.count == 2 && x.columnCount == weight.shape[0],
            "expected a weight of [\(x.columnCount), out], got \(weight.shape)")
        return x.shape.dropLast() + [weight.shape[1]]
    }

    private func linearForward(
        _ x: Tensor<Float>, _ weight: Tensor<Float>, _ bias: Tensor<Float>?,
        epilogue: (Tensor<Float>, Tile) -> Void
    ) -> Tensor<Float> {
        let y = device.uninitialized(linearShape(x, weight))
        let columns = y.columnCount
        device.multiply(x.matrix, weight.matrix, into: y.matrix) { tile in
            if let bias {
                kernel_add_bias(
                    y.pointer + tile.rows.lowerBound * columns + tile.columns.lowerBound,
                    bias.pointer + tile.columns.lowerBound, tile.rows.count, tile.columns.count,
                    columns)
            }
            epilogue(y, tile)
        }
        return y
    }
}

extension Device {
    /// Contributions of dy [rows, out] to the gradients of x, w and b.
    fileprivate func linearBackward(
        _ dy: Tensor<Float>, input: Tensor<Float>, weight: Tensor<Float>,
        nodes: (x: GradientNode?, weight: GradientNode?, bias: GradientNode?)
    ) {
        nodes.x?.contribute { dx, adds in
            multiply(dy.matrix, weight.matrix.transposed, into: dx.matrix, adds: adds)
        }
        nodes.weight?.contribute { dw, adds in
            multiply(input.matrix.transposed, dy.matrix, into: dw.matrix, adds: adds)
        }
        nodes.bias?.contribute { db, adds in columnSums(dy, into: db, adds: adds) }
    }

    /// Sums over all rows, each column by one thread in row order.
    func columnSums(_ x: Tensor<Float>, into sums: Tensor<Float>, adds: Bool) {
        let columns = x.columnCount
        forEachChunk(of: columns, grain: 64) { part in
            kernel_column_sums(
                sums.pointer + part.lowerBound, x.pointer + part.lowerBound, x.rowCount,
                part.count, columns, adds ? 1 : 0)
        }
    }
}
