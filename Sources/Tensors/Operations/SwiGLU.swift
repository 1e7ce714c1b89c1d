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
}
