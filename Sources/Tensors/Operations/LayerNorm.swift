import CKernels

extension Tape {
    /// Layer norm over the last axis (Ba et al., 2016): [..., C], gain [C], bias [C] -> [..., C].
    ///
    /// y = n gain + bias with n = (x - mean) / sqrt(variance + epsilon);
    /// g = dy gain,  dx = (g - average(g) - n average(g n)) / sqrt(variance + epsilon).
    ///
    /// The residual stream x is kept for the backward pass, the output is made again from it.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func layerNorm<Element: ComputeElement>(
        _ x: Variable, gain: Variable, bias: Variable, epsilon: Float, as: Element.Type
    ) -> Value<Element> {
        let statistics = LayerNormStatistics(
            means: device.uninitialized([x.value.rowCount]),
            rstds: device.uninitialized([x.value.rowCount]), epsilon: epsilon)
        let make = { [device, input = x.value, g = gain.value, b = bias.value] in
            device.layerNorm(input, gain: g, bias: b, statistics, as: Element.self)
        }
        return record(make(), inputs: [x.node, gain.node, bias.node], remake: make) {
            [device, input = x.value, g = gain.value] dy in
            device.layerNormBackward(
                dy, x: input, gain: g, statistics,
                nodes: (x: x.node, gain: gain.node, bias: bias.node))
        }
    }

    /// Layer norm from floats to floats.
    package func layerNorm(
        _ x: Variable, gain: Variable, bias: Variable, epsilon: Float
    ) -> Variable {
        layerNorm(x, gain: gain, bias: bias, epsilon: epsilon, as: Float.self)
    }
}

/// Average and 1 / sqrt(variance + epsilon) of each row.
private struct LayerNormStatistics {
    let means: Tensor<Float>
    let rstds: Tensor<Float>
    let epsilon: Float

    func rows(from row: Int, gain: Tensor<Float>, bias: Tensor<Float>) -> LayerNormRows {
        LayerNormRows(
            means: means.pointer + row, rstds: rstds.pointer + row, gain: gain.pointer,
            bias: bias.pointer, columns: gain.count, epsilon: epsilon)
    }
}

extension Device {
    /// Rows whose gain and bias gradients are summed before they meet the others.
    private static let rowsInBlock = 16

    /// Computes the statistics too.
    fileprivate func layerNorm<Element: ComputeElement>(
        _ x: Tensor<Float>, gain: Tensor<Float>, bias: Tensor<Float>,
        _ statistics: LayerNormStatistics, as: Element.Type
    ) -> Tensor<Element> {
        let y = uninitialized(x.shape, of: Element.self)
        forEachRowChunk(rows: x.rowCount, columns: x.columnCount) { chunk in
            let start = chunk.lowerBound * x.columnCount
            Element.layerNorm(
                y.pointer + start, x.pointer + start, rows: chunk.count,
                statistics.rows(from: chunk.lowerBound, gain: gain, bias: bias))
        }
        return y
    }

    fileprivate func layerNormBackward<Element: ComputeElement>(
        _ dy: Tensor<Element>, x: Tensor<Float>, gain: Tensor<Float>,
        _ statistics: LayerNormStatistics,
        nodes: (x: GradientNode<Float>?, gain: GradientNode<Float>?, bias: GradientNode<Float>?)
    ) {
        let (rows, columns) = (x.rowCount, x.columnCount)
        let blockCount = (rows + Self.rowsInBlock - 1) / Self.rowsInBlock
        let gainSums = uninitialized([blockCount, columns])
        let biasSums = uninitialized([blockCount, columns])
        contribute(to: nodes.x, shape: x.shape) { dx, adds in
            forEachChunk(of: rows, grain: Self.rowsInBlock) { chunk in
                let start = chunk.lowerBound * columns
                let block = chunk.lowerBound / Self.rowsInBlock * columns
                Element.layerNormBackward(
                    dx.pointer + start, gainSums.pointer + block, biasSums.pointer + block,
                    dy.pointer + start, x.pointer + start, rows: chunk.count,
                    statistics.rows(from: chunk.lowerBound, gain: gain, bias: gain), adds: adds)
            }
        }
        nodes.gain?.contribute { columnSums(gainSums, into: $0, adds: $1) }
        nodes.bias?.contribute { columnSums(biasSums, into: $0, adds: $1) }
    }

    /// Like `GradientNode.contribute`; without a node the result goes to scratch memory.
    private func contribute(
        to node: GradientNode<Float>?, shape: [Int], _ write: (Tensor<Float>, Bool) -> Void
    ) {
        if let node { node.contribute(write) } else { write(uninitialized(shape), false) }
    }
}
