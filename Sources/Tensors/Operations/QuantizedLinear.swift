extension Tape {
    /// y = x wᵀ over the last axis with a frozen weight that stays quantised: [..., in] -> [..., out].
    ///
    /// dx = dy w. Where gradients are recorded the arithmetic is exact.
    func linear(_ x: Variable, quantized weight: QuantizedWeight) -> Variable {
        linear(x, quantized: [weight])[0]
    }

    /// The same with several weights, computed together.
    package func linear(_ x: Variable, quantized weights: [QuantizedWeight]) -> [Variable] {
        let weights = recordsGradients ? weights.map { QuantizedWeight($0.matrix) } : weights
        let outs = weights.map {
            device.uninitialized(x.shape.dropLast() + [$0.matrix.outputCount])
        }
        device.multiply(x.value.matrix, weights, into: outs.map(\.matrix))
        return zip(weights, outs).map { weight, y in
            record(y, inputs: [x.node]) { [device, matrix = weight.matrix, x = x.node] dy in
                x?.contribute { dx, adds in
                    device.multiplyBack(dy.matrix, matrix, into: dx.matrix, adds: adds)
                }
            }
        }
    }
}

/// The weight [V, C] of an output layer as products take it.
enum OutputOperand<Element: ComputeElement> {
    case values(Tensor<Element>)
    case quantized(QuantizedWeight)

    init(_ weight: Variable, on device: Device) {
        if let quantized = weight.quantized {
            self = .quantized(quantized)
        } else {
            self = .values(Element.operand(weight, on: device))
        }
    }
}

extension Device {
    /// The logits of some rows.
    func multiply<Element: ComputeElement>(
        _ x: Tensor<Element>, by weight: OutputOperand<Element>, into logits: Tensor<Float>
    ) {
        switch weight {
        case .values(let values):
            multiply(x.matrix, values.matrix.transposed, into: logits.matrix)
        case .quantized(let weight):
            let floats = Element.widened(x, on: self)
            multiply(floats.matrix, weight, into: logits.matrix)
        }
    }

    /// The gradient of the rows from that of their logits.
    func multiplyBack<Element: ComputeElement, Gradient: ComputeElement>(
        _ gradient: Tensor<Gradient>, by weight: OutputOperand<Element>, into dx: Tensor<Element>
    ) {
        switch weight {
        case .values(let values): multiply(gradient.matrix, values.matrix, into: dx.matrix)
        case .quantized(let weight):
            let floats = Gradient.widened(gradient, on: self)
            if let dx = dx as? Tensor<Float> {
                return multiplyBack(floats.matrix, weight.matrix, into: dx.matrix, adds: false)
            }
            let sums = uninitialized(dx.shape)
            multiplyBack(floats.matrix, weight.matrix, into: sums.matrix, adds: false)
            narrow(sums, into: dx)
        }
    }
}
