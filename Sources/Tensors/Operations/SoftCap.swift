import CKernels

extension Tape {
    /// y = c tanh(x / c), element by element: dx = dy (1 - (y / c)^2).
    package func softCap(_ x: Variable, by cap: Float) -> Variable {
        let y = kept(x.shape, of: Float.self)
        device.softCap(x.value, by: cap, into: y)
        return record(y, inputs: [x.node]) { [device, x = x.node] dy in
            let dx = device.uninitialized(dy.shape)
            device.forEachChunk(of: dy.count) { chunk in
                let start = chunk.lowerBound
                kernel_soft_cap_backward(
                    dx.pointer + start, dy.pointer + start, y.pointer + start, cap, chunk.count)
            }
            x?.contribute(dx)
        }
    }
}

extension Device {
    /// out = c tanh(x / c); `out` may be `x`.
    package func softCap(_ x: Tensor<Float>, by cap: Float, into out: Tensor<Float>) {
        forEachChunk(of: out.count) { chunk in
            let start = chunk.lowerBound
            kernel_soft_cap(
                out.pointer + start, nil, x.pointer + start, 1, cap, chunk.count)
        }
    }
}
