import CKernels

extension Tape {
    /// silu(gate) * raised, element by element (Shazeer, 2020), with silu(a) = a / (1 + e^-a).
    ///
    /// With s = 1 / (1 + e^-a): da = dy b s (1 + a (1 - s)),  db = dy a s.
    package func swiGLU(gate: Variable, raised: Variable) -> Variable {
        precondition(
            gate.shape == raised.shape,
            "expected equal shapes, got \(gate.shape) and \(raised.shape)")
        let y = device.uninitialized(gate.shape)
        device.forEachChunk(of: y.count) { chunk in
            let start = chunk.lowerBound
            kernel_swiglu(
                y.pointer + start, gate.value.pointer + start, raised.value.pointer + start,
                chunk.count)
        }
        return record(y, inputs: [gate.node, raised.node]) {
            [device, a = gate.value, b = raised.value] dy in
            let (da, db) = (device.uninitialized(dy.shape), device.uninitialized(dy.shape))
            device.forEachChunk(of: dy.count) { chunk in
                let start = chunk.lowerBound
                kernel_swiglu_backward(
                    da.pointer + start, db.pointer + start, dy.pointer + start,
                    a.pointer + start, b.pointer + start, chunk.count)
            }
            gate.node?.contribute(da)
            raised.node?.contribute(db)
        }
    }

    /// The same of gate and raised side by side in [..., 2 N] -> [..., N].
    package func swiGLU(_ joined: Variable) -> Variable {
        let (rows, width) = (joined.value.rowCount, joined.value.columnCount / 2)
        precondition(
            joined.shape.last == 2 * width, "expected an even width, got \(joined.shape)")
        let y = device.uninitialized(joined.shape.dropLast() + [width])
        device.forEachRowChunk(rows: rows, columns: 2 * width) { chunk in
            for row in chunk {
                let x = joined.value.pointer + row * 2 * width
                kernel_swiglu(y.pointer + row * width, x, x + width, width)
            }
        }
        return record(y, inputs: [joined.node]) {
            [device, node = joined.node, x = joined.value] dy in
            let dx = device.uninitialized(x.shape)
            device.forEachRowChunk(rows: rows, columns: 2 * width) { chunk in
                for row in chunk {
                    let (own, to) = (x.pointer + row * 2 * width, dx.pointer + row * 2 * width)
                    kernel_swiglu_backward(
                        to, to + width, dy.pointer + row * width, own, own + width, width)
                }
            }
            node?.contribute(dx)
        }
    }
}
