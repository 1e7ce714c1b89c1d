import CKernels

extension Tape {
    /// y = gelu(x), element by element.
    package func gelu<Element>(_ x: Value<Element>, form: GELUForm) -> Value<Element> {
        let make = { [device, input = x.value] in device.gelu(input, form: form) }
        return record(make(), inputs: [x.node], remake: make) { [device, input = x.value] dy in
            let dx = device.uninitialized(dy.shape, of: Element.self)
            device.geluBackward(dy, input, into: dx, form: form)
            x.node?.contribute(dx)
        }
    }
}

extension Device {
    func gelu<Element: ComputeElement>(_ x: Tensor<Element>, form: GELUForm) -> Tensor<Element> {
        let y = uninitialized(x.shape, of: Element.self)
        forEachChunk(of: y.count) { chunk in
            let start = chunk.lowerBound
            Element.gelu(y.pointer + start, x.pointer + start, chunk.count, form: form)
        }
        return y
    }

    /// dx = dy gelu'(x); `dx` may be `dy`.
    func geluBackward<Element: ComputeElement>(
        _ dy: Tensor<Element>, _ x: Tensor<Element>, into dx: Tensor<Element>, form: GELUForm
    ) {
        forEachChunk(of: dx.count) { chunk in
            let start = chunk.lowerBound
            Element.geluBackward(
                dx.pointer + start, dy.pointer + start, x.pointer + start, chunk.count, form: form)
        }
    }
}
