import CKernels

extension Tape {
    /// a + b of equal shapes.
    @_specialize(where Element == Float)
    @_specialize(where Element == BFloat16)
    package func add<Element>(_ a: Value<Element>, _ b: Value<Element>) -> Value<Element> {
        precondition(a.shape == b.shape, "expected equal shapes, got \(a.shape) and \(b.shape)")
        let out = device.uninitialized(a.shape, of: Element.self)
        device.add(a.value, b.value, into: out)
        return record(out, inputs: [a.node, b.node]) { [a = a.node, b = b.node] dy in
            a?.contribute(dy)
            b?.contribute(dy)
        }
    }

    /// x + b, the bias [C] added to every row; written over x, which nothing else may read.
    package func addBias(_ x: Variable, _ bias: Variable) -> Variable {
        let columns = x.value.columnCount
        precondition(bias.shape == [columns], "expected a bias [\(columns)], got \(bias.shape)")
        device.forEachRowChunk(rows: x.value.rowCount, columns: columns) { rows in
            kernel_add_bias(
                x.value.pointer + rows.lowerBound * columns, bias.value.pointer, rows.count,
                columns, columns)
        }
        return record(x.value, inputs: [x.node, bias.node]) {
            [device, x = x.node, bias = bias.node] dy in
            x?.contribute(dy)
            bias?.contribute { device.columnSums(dy, into: $0, adds: $1) }
        }
    }

    /// a * b of equal shapes, element by element: da = dy b, db = dy a.
    package func multiply(_ a: Variable, _ b: Variable) -> Variable {
        precondition(a.shape == b.shape, "expected equal shapes, got \(a.shape) and \(b.shape)")
        let out = device.uninitialized(a.shape)
        device.multiplyElements(a.value, b.value, into: out, adds: false)
        return record(out, inputs: [a.node, b.node]) { [device, av = a.value, bv = b.value] dy in
            a.node?.contribute { device.multiplyElements(dy, bv, into: $0, adds: $1) }
            b.node?.contribute { device.multiplyElements(dy, av, into: $0, adds: $1) }
        }
    }

    /// x + amount.
    package func shift(_ x: Variable, by amount: Float) -> Variable {
        let out = device.uninitialized(x.shape)
        for index in 0..<out.count { out.pointer[index] = x.value.pointer[index] + amount }
        return record(out, inputs: [x.node]) { [x = x.node] dy in x?.contribute(dy) }
    }

    /// x * factor.
    package func scale(_ x: Variable, by factor: Float) -> Variable {
        let out = device.uninitialized(x.shape)
        device.scale(x.value, by: factor, into: out)
        return record(out, inputs: [x.node]) { [device, x = x.node] dy in
            let dx = device.uninitialized(dy.shape)
            device.scale(dy, by: factor, into: dx)
            x?.contribute(dx)
        }
    }
}

extension Device {
    func multiplyElements(
        _ a: Tensor<Float>, _ b: Tensor<Float>, into out: Tensor<Float>, adds: Bool
    ) {
        forEachChunk(of: out.count) { chunk in
            let start = chunk.lowerBound
            let kernel = adds ? kernel_add_product : kernel_multiply
            kernel(out.pointer + start, a.pointer + start, b.pointer + start, chunk.count)
        }
    }

    package func scale(_ x: Tensor<Float>, by factor: Float, into out: Tensor<Float>) {
        forEachChunk(of: out.count) { chunk in
            let start = chunk.lowerBound
            kernel_scale(out.pointer + start, x.pointer + start, factor, chunk.count)
        }
    }
}
