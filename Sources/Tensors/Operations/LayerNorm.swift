import CKernels

extension Tape {
    /// Layer norm over the last axis (Ba et al., 2016): [..., C], gain [C], bias [C] -> [..., C].
    ///
    /// y = n gain + bias with n = (x - mean) / sqrt(variance + epsilon);
    /// g = dy gain,  dx = (g - average(g) - n average(g n)) / sqrt(variance + epsilon).
    package func layerNorm(
        _ x: Variable, gain: Variable, bias: Variable, epsilon: Float
    ) -> Variable {
        let (rows, columns) = (x.value.rowCount, x.value.columnCount)
        let y = device.uninitialized(x.shape)
        let means = device.uninitialized([rows])
        let rstds = device.uninitialized([rows])
        device.forEachRowChunk(rows: rows, columns: columns) { chunk in
            let (row, start) = (chunk.lowerBound, chunk.lowerBound * columns)
            kernel_layer_norm(
                y.pointer + start, means.pointer + row, rstds.pointer + row,
                x.value.pointer + start, gain.value.pointer, bias.value.pointer, chunk.count,
                columns, epsilon)
        }
        return record(y, inputs: [x, gain, bias]) { [device, input = x.value, g = gain.value] dy in
            device.layerNormBackward(
                dy, x: input, gain: g, means: means, rstds: rstds,
                nodes: (x: x.node, gain: gain.node, bias: bias.node))
        }
    }
}

extension Device {
    /// Rows whose gain and bias gradients are summed before they meet the others.
    private static let rowsInBlock = 64

    fileprivate func layerNormBackward(
        _ dy: Tensor<Float>, x: Tensor<Float>, gain: Tensor<Float>, means: Tensor<Float>,
        rstds: Tensor<Float>, nodes: (x: GradientNode?, gain: GradientNode?, bias: GradientNode?)
    ) {
        let (rows, columns) = (x.rowCount, x.columnCount)
        let blockCount = (rows + Self.rowsInBlock - 1) / Self.rowsInBlock
        let gainSums = uninitialized([blockCount, columns])
        let biasSums = uninitialized([blockCount, columns])
        contribute(to: nodes.x, shape: x.shape) { dx, adds in
            forEachChunk(of: rows, grain: Self.rowsInBlock) { chunk in
                let (row, start) = (chunk.lowerBound, chunk.lowerBound * columns)
                let block = row / Self.rowsInBlock * columns
                kernel_layer_norm_backward(
                    dx.pointer + start, gainSums.pointer + block, biasSums.pointer + block,
                    dy.pointer + start, x.pointer + start, gain.pointer, means.pointer + row,
                    rstds.pointer + row, chunk.count, columns, adds ? 1 : 0)
            }
        }
        nodes.gain?.contribute { columnSums(gainSums, into: $0, adds: $1) }
        nodes.bias?.contribute { columnSums(biasSums, into: $0, adds: $1) }
    }

    /// Like `GradientNode.contribute`; without a node the result goes to scratch memory.
    private func contribute(
        to node: GradientNode?, shape: [Int], _ write: (Tensor<Float>, Bool) -> Void
    ) {
        if let node { node.contribute(write) } else { write(uninitialized(shape), false) }
    }
}
