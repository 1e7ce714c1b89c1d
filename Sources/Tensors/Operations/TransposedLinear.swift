import CKernels

extension Tape {
    /// y = x wᵀ over the last axis: [..., in] x [out, in] -> [..., out], the layout of PyTorch.
    ///
    /// dx = dy w,  dw = dyᵀ x. The operands of the three products are rounded to `Element`; sums and
    /// results are floats.
    package func linear<Element: ComputeElement>(
        _ x: Variable, transposedWeight weight: Variable, as: Element.Type
    ) -> Variable {
        if let quantized = weight.quantized { return linear(x, quantized: quantized) }
        precondition(
            weight.shape.count == 2 && x.value.columnCount == weight.shape[1],
            "expected a weight of [out, \(x.value.columnCount)], got \(weight.shape)")
        let w = Element.operand(weight, on: device)
        let input = Element.narrowed(x.value, on: device)
        let y = device.uninitialized(x.shape.dropLast() + [weight.shape[0]])
        device.multiply(
            input.matrix, w.matrix.transposed, packed: weight.packed, into: y.matrix)
        return record(y, inputs: [x.node, weight.node]) {
            [device, x = x.node, weight = weight.node] dy in
            let dy = Element.narrowed(dy, on: device)
            x?.contribute { dx, adds in
                device.multiply(dy.matrix, w.matrix, into: dx.matrix, adds: adds)
            }
            weight?.contribute { dw, adds in
                device.multiply(dy.matrix.transposed, input.matrix, into: dw.matrix, adds: adds)
            }
        }
    }

    /// The numbers of x as floats.
    package func widen<Element: ComputeElement>(_ x: Value<Element>) -> Variable {
        record(Element.widened(x.value, on: device), inputs: [x.node]) { [device, x = x.node] dy in
            x?.contribute(Element.narrowed(dy, on: device))
        }
    }

    /// The numbers of x in other elements, rounded where they must be; the gradient is exact.
    package func narrow<Element: ComputeElement>(
        _ x: Variable, as: Element.Type
    ) -> Value<Element> {
        record(Element.narrowed(x.value, on: device), inputs: [x.node]) {
            [device, x = x.node] dy in
            x?.contribute(Element.widened(dy, on: device))
        }
    }
}
