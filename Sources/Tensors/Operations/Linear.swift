import CKernels

extension Tape {
    /// y = x w + b over the last axis: [..., in] x [in, out] + [out] -> [..., out].
    ///
    /// dx = dy wᵀ,  dw = xᵀ dy,  db = column sums of dy.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func linear<Element>(
        _ x: Value<Element>, weight: Variable, bias: Variable? = nil
    ) -> Value<Element> {
        let w = Element.operand(weight, on: device)
        let y: Tensor<Element> = linearForward(x.value, w, weight.packed, bias?.value) { _, _ in }
        return record(y, inputs: [x.node, weight.node, bias?.node]) {
            [device, input = x.saved, x = x.node] dy in
            device.linearBackward(
                dy, input: input, weight: w, nodes: (x, weight.node, bias?.node))
        }
    }

    /// y = r + dropout(x w + b), into the residual stream r, in floats. Without dropout the sum is
    /// made on each tile while it is in the cache.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func addLinear<Element>(
        _ x: Value<Element>, weight: Variable, bias: Variable? = nil, to residual: Variable,
        dropout: Dropout? = nil
    ) -> Variable {
        guard let dropout else {
            return wideLinear(x, weight: weight, bias: bias, residual: residual)
        }
        return add(residual, self.dropout(wideLinear(x, weight: weight, bias: bias), dropout))
    }

    /// x w + b (+ residual), in floats.
    package func wideLinear<Element>(
        _ x: Value<Element>, weight: Variable, bias: Variable?, residual: Variable? = nil
    ) -> Variable {
        let w = Element.operand(weight, on: device)
        let stream = residual?.value.matrix
        let y: Tensor<Float> = linearForward(x.value, w, weight.packed, bias?.value) { y, tile in
            guard let stream else { return }
            let (to, from) = (y.start(of: tile), stream.start(of: tile))
            for row in 0..<tile.rows.count {
                let start = row * y.stride
                kernel_add(to + start, to + start, from + start, tile.columns.count)
            }
        }
        return record(y, inputs: [residual?.node, x.node, weight.node, bias?.node]) {
            [device, input = x.saved, x = x.node, residual = residual?.node] dy in
            let nodes = (x: x, weight: weight.node, bias: GradientNode<Float>?.none)
            if device.products.widensBFloat16 {
                device.linearBackward(dy, input: input, weight: w, nodes: nodes)
            } else {
                let dy = Element.narrowed(dy, on: device)
                device.linearBackward(dy, input: input, weight: w, nodes: nodes)
            }
            bias?.node?.contribute { device.columnSums(dy, into: $0, adds: $1) }
            residual?.contribute(dy)
        }
    }

    /// gelu(x w + b), the activation computed on each tile while it is in the cache. What comes
    /// before the activation is kept for the backward pass, the result is made again from it.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func linearGELU<Element>(
        _ x: Value<Element>, weight: Variable, bias: Variable, form: GELUForm
    ) -> Value<Element> {
        let w = Element.operand(weight, on: device)
        let y = device.uninitialized(linearShape(x.value, w), of: Element.self)
        let (out, columns) = (y.matrix, y.columnCount)
        let before: Tensor<Element> = linearForward(
            x.value, w, weight.packed, bias.value
        ) { before, tile in
            let (to, from) = (out.start(of: tile), before.start(of: tile))
            for row in 0..<tile.rows.count {
                let start = row * columns
                Element.gelu(to + start, from + start, tile.columns.count, form: form)
            }
        }
        let remake = { [device] in device.gelu(before, form: form) }
        return record(y, inputs: [x.node, weight.node, bias.node], remake: remake) {
            [device, input = x.saved, x = x.node] dy in
            let dBefore = device.uninitialized(before.shape, of: Element.self)
            device.geluBackward(dy, before, into: dBefore, form: form)
            device.linearBackward(
                dBefore, input: input, weight: w, nodes: (x, weight.node, bias.node))
        }
    }

    private func linearShape<Element>(
        _ x: Tensor<Element>, _ weight: Tensor<Element>
    ) -> [Int] {
        precondition(
            weight.shape.count == 2 && x.columnCount == weight.shape[0],
            "expected a weight of [\(x.columnCount), out], got \(weight.shape)")
        return x.shape.dropLast() + [weight.shape[1]]
    }

    private func linearForward<In: ComputeElement, Out: ComputeElement>(
        _ x: Tensor<In>, _ weight: Tensor<In>, _ packed: PackedMatrix?, _ bias: Tensor<Float>?,
        epilogue: (Matrix<Out>, Tile) -> Void
    ) -> Tensor<Out> {
        let y = kept(linearShape(x, weight), of: Out.self)
        // Pointers are taken once: threads that count references to one tensor wait for each other.
        let (out, bias) = (y.matrix, bias?.pointer)
        device.multiply(x.matrix, weight.matrix, packed: packed, into: out) { tile in
            if let bias {
                Out.addBias(
                    out.start(of: tile), bias + tile.columns.lowerBound, rows: tile.rows.count,
                    columns: tile.columns.count, stride: out.stride)
            }
            epilogue(out, tile)
        }
        return y
    }
}

extension Device {
    /// Contributions of dy [rows, out] to the gradients of x, w and b.
    fileprivate func linearBackward<Element: ComputeElement, Gradient: ComputeElement>(
        _ dy: Tensor<Gradient>, input: () -> Tensor<Element>, weight: Tensor<Element>,
        nodes: (x: GradientNode<Element>?, weight: GradientNode<Float>?, bias: GradientNode<Float>?)
    ) {
        // First, so that an input that is made again is gone before dx is made.
        nodes.weight?.contribute { dw, adds in
            let x = input()
            multiply(x.matrix.transposed, dy.matrix, into: dw.matrix, adds: adds)
        }
        nodes.x?.contribute { dx, adds in
            multiply(dy.matrix, weight.matrix.transposed, into: dx.matrix, adds: adds)
        }
        nodes.bias?.contribute { db, adds in columnSums(dy, into: db, adds: adds) }
    }

    /// Sums over all rows, each column by one thread in row order.
    func columnSums<Element: ComputeElement>(
        _ x: Tensor<Element>, into sums: Tensor<Float>, adds: Bool
    ) {
        let columns = x.columnCount
        forEachChunk(of: columns, grain: 64) { part in
            Element.columnSums(
                sums.pointer + part.lowerBound, x.pointer + part.lowerBound, rows: x.rowCount,
                columns: part.count, stride: columns, adds: adds)
        }
    }
}
