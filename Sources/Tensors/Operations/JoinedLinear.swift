extension Tape {
    /// Products of one input with several weights [out, in], [..., in] -> [..., out] each; the input is
    /// rounded once.
    package func linears<Element: ComputeElement>(
        _ x: Variable, transposedWeights weights: [Variable], as: Element.Type
    ) -> [Variable] {
        let input = Element.narrowed(x.value, on: device)
        return weights.map { linear(x, narrowed: input, transposedWeight: $0) }
    }

    /// The same side by side, [..., sum of out], by one product, where the weights lie one behind the
    /// other in memory; nil where they do not.
    ///
    /// dx = dy w of all together,  dw = dyᵀ x of each.
    package func joinedLinear<Element: ComputeElement>(
        _ x: Variable, transposedWeights weights: [Variable], as: Element.Type
    ) -> Variable? {
        guard weights.allSatisfy({ $0.packed == nil && $0.quantized == nil }) else { return nil }
        let operands = weights.map { Element.operand($0, on: device) }
        guard let whole = Matrix(stacking: operands), whole.columns == x.value.columnCount
        else { return nil }
        let input = Element.narrowed(x.value, on: device)
        let y = device.uninitialized(x.shape.dropLast() + [whole.rows])
        device.multiply(input.matrix, whole.transposed, into: y.matrix)
        return record(y, inputs: [x.node] + weights.map(\.node)) {
            [device, x = x.node, nodes = weights.map(\.node)] dy in
            let dy = Element.narrowed(dy, on: device)
            x?.contribute { dx, adds in
                device.multiply(dy.matrix, whole, into: dx.matrix, adds: adds)
            }
            var start = 0
            for (node, weight) in zip(nodes, operands) {
                let columns = start..<start + weight.shape[0]
                start = columns.upperBound
                node?.contribute { dw, adds in
                    let own = dy.matrix.part(0..<dy.rowCount, columns)
                    device.multiply(own.transposed, input.matrix, into: dw.matrix, adds: adds)
                }
            }
        }
    }
}

extension Matrix {
    /// Matrices of as many columns as one, where each begins behind the last row of the one before.
    fileprivate init?(stacking tensors: [Tensor<Element>]) {
        guard let first = tensors.first, tensors.allSatisfy({ $0.shape.count == 2 }) else {
            return nil
        }
        var (end, rows) = (first.pointer, 0)
        for tensor in tensors {
            guard tensor.pointer == end, tensor.columnCount == first.columnCount else { return nil }
            end += tensor.count
            rows += tensor.shape[0]
        }
        self.init(first.pointer, rows: rows, columns: first.columnCount)
    }
}
