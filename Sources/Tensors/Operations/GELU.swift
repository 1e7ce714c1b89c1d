import CKernels

/// The two forms of GELU (Hendrycks and Gimpel, 2016).
package enum GELUForm: String, Sendable, CaseIterable {
    /// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))), as in GPT-2.
    case tanh
    /// x/2 (1 + erf(x / sqrt 2)).
    case exact

    func forward(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int) {
        switch self {
        case .tanh: kernel_gelu_tanh(out, x, count)
        case .exact: kernel_gelu_exact(out, x, count)
        }
    }

    func backward(
        _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
        _ count: Int
    ) {
        switch self {
        case .tanh: kernel_gelu_tanh_backward(dx, dy, x, count)
        case .exact: kernel_gelu_exact_backward(dx, dy, x, count)
        }
    }
}

extension Tape {
    /// y = gelu(x), element by element.
    package func gelu(_ x: Variable, form: GELUForm) -> Variable {
        let y = device.uninitialized(x.shape)
        device.forEachChunk(of: y.count) { chunk in
            let start = chunk.lowerBound
            form.forward(y.pointer + start, x.value.pointer + start, chunk.count)
        }
        return record(y, inputs: [x]) { [device, input = x.value] dy in
            let dx = device.uninitialized(dy.shape)
            device.geluBackward(dy, input, into: dx, form: form)
            x.node?.contribute(dx)
        }
    }
}

extension Device {
    func geluBackward(
        _ dy: Tensor<Float>, _ x: Tensor<Float>, into dx: Tensor<Float>, form: GELUForm
    ) {
        forEachChunk(of: dx.count) { chunk in
            let start = chunk.lowerBound
            form.backward(dx.pointer + start, dy.pointer + start, x.pointer + start, chunk.count)
        }
    }
}
