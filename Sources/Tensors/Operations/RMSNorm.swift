import CKernels

extension Tape {
    /// Root mean square norm over the last axis (Zhang and Sennrich, 2019): [..., C], gain [C] ->
    /// [..., C].
    ///
    /// y = n gain with n = x / sqrt(average(x²) + epsilon);
    /// g = dy gain,  dx = (g - n average(g n)) / sqrt(average(x²) + epsilon).
    package func rmsNorm(_ x: Variable, gain: Variable, epsilon: Float) -> Variable {
        let (rows, columns) = (x.value.rowCount, x.value.columnCount)
        let y = device.uninitialized(x.shape)
        let rstds = device.uninitialized([rows])
        device.forEachRowChunk(rows: rows, columns: columns) { chunk in
            let (row, start) = (chunk.lowerBound, chunk.lowerBound * columns)
            kernel_rms_norm(
                y.pointer + start, rstds.pointer + row, x.value.pointer + start,
                gain.value.pointer, chunk.count, columns, epsilon)
        }
        return record(y, inputs: [x.node, gain.node]) {
            [device, input = x.value, g = gain.value] dy in
            device.rmsNormBackward(
                dy, x: input, gain: g, rstds: rstds, nodes: (x: x.node, gain: gain.node))
        }
    }
}

extension Device {
    /// Rows whose gain gradients are summed before they meet the others.
    private static let rowsInBlock = 16

    fileprivate func rmsNormBackward(
        _ dy: Tensor<Float>, x: Tensor<Float>, gain: Tensor<Float>, rstds: Tensor<Float>,
        nodes: (x: GradientNode<Float>?, gain: GradientNode<Float>?)
    ) {
        let (rows, columns) = (x.rowCount, x.columnCount)
        let blockCount = (rows + Self.rowsInBlock - 1) / Self.rowsInBlock
        let gainSums = uninitialized([blockCount, columns])
        let write = { (dx: Tensor<Float>, adds: Bool) in
            self.forEachChunk(of: rows, grain: Self.rowsInBlock) { chunk in
                let (row, start) = (chunk.lowerBound, chunk.lowerBound * columns)
                kernel_rms_norm_backward(
                    dx.pointer + start, gainSums.pointer + row / Self.rowsInBlock * columns,
                    dy.pointer + start, x.pointer + start, gain.pointer, rstds.pointer + row,
                    chunk.count, columns, adds ? 1 : 0)
            }
        }
        if let node = nodes.x {
            node.contribute(write)
        } else {
            write(uninitialized(x.shape), false)
        }
        nodes.gain?.contribute { columnSums(gainSums, into: $0, adds: $1) }
    }
}
