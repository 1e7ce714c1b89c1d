import CKernels

extension Tape {
    /// Sum of all elements -> [1].
    package func sum(_ x: Variable) -> Variable {
        let out = device.tensor([Float(device.sum(x.value))], shape: [1])
        return record(out, inputs: [x.node]) { [device, x = x.node, shape = x.shape] dy in
            let dx = device.uninitialized(shape)
            device.fill(dx, with: dy.pointer[0])
            x?.contribute(dx)
        }
    }

    /// Average of all elements -> [1].
    package func mean(_ x: Variable) -> Variable {
        scale(sum(x), by: 1 / Float(x.value.count))
    }
}

extension Device {
    /// Sum in double over chunks of fixed size, in their order.
    package func sum(_ x: Tensor<Float>) -> Double {
        var total = 0.0
        for start in stride(from: 0, to: x.count, by: Self.grain) {
            total += kernel_sum(x.pointer + start, min(Self.grain, x.count - start))
        }
        return total
    }
}
