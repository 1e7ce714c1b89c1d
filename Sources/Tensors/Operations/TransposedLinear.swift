import CKernels

extension Tape {
    /// y = x wᵀ over the last axis: [..., in] x [out, in] -> [..., out], the layout of PyTorch.
    ///
    /// dx = dy w,  dw = dyᵀ x. The operands of the three products are rounded to `Element`; sums and
    /// results are floats.
    ///
    /// - Parameter residual: is added to each tile of the product while it is in the cache.
    package func linear<Element: ComputeElement>(
        _ x: Variable, transposedWeight weight: Variable, as: Element.Type,
        addedTo residual: Variable? = nil
    ) -> Variable {
        if let quantized = weight.quantized {
            let y = linear(x, quantized: quantized)
            return residual.map { add($0, y) } ?? y
        }
        let input = Element.narrowed(x.value, on: device)
        return linear(x, narrowed: input, transposedWeight: weight, addedTo: residual)
    }

    /// - Parameter input: the numbers of `x`, rounded.
    func linear<Element: ComputeElement>(
        _ x: Variable, narrowed input: Tensor<Element>, transposedWeight weight: Variable,
        addedTo residual: Variable? = nil
    ) -> Variable {
        precondition(
            weight.shape.count == 2 && x.value.columnCount == weight.shape[1],
            "expected a weight of [out, \(x.value.columnCount)], got \(weight.shape)")
        let w = Element.operand(weight, on: device)
        let y = device.uninitialized(x.shape.dropLast() + [weight.shape[0]])
        let (out, stream) = (y.matrix, residual?.value.matrix)
        device.multiply(input.matrix, w.matrix.transposed, packed: weight.packed, into: out) {
            tile in
            guard let stream else { return }
            let (to, from) = (out.start(of: tile), stream.start(of: tile))
            for row in 0..<tile.rows.count {
                let start = row * out.stride
                kernel_add(to + start, to + start, from + start, tile.columns.count)
            }
        }
        return record(y, inputs: [residual?.node, x.node, weight.node]) {
            [device, residual = residual?.node, x = x.node, weight = weight.node] whole in
            let dy = Element.narrowed(whole, on: device)
            x?.contribute { dx, adds in
                device.multiply(dy.matrix, w.matrix, into: dx.matrix, adds: adds)
            }
            weight?.contribute { dw, adds in
                device.multiply(dy.matrix.transposed, input.matrix, into: dw.matrix, adds: adds)
            }
            residual?.contribute(whole)
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
