import Tensors

/// Linear layers with the adapters that stand beside them.
extension ForwardPass {
    /// Numbers of the places in the model where adapters drop inputs; far above those of the layers.
    private static let firstAdapterSite = 1 << 16

    /// x w + b with a weight [in, out].
    func linear<Element: ComputeElement>(
        _ x: Value<Element>, _ layer: LinearParameters
    ) -> Value<Element> {
        guard let adapter = adapters[layer.weight] else {
            return tape.linear(x, weight: self[layer.weight], bias: self[layer.bias])
        }
        guard adapter.magnitude == nil else {
            let wide = decomposed(x, adapter, bias: self[layer.bias]) { x, bias in
                tape.wideLinear(x, weight: self[layer.weight], bias: bias)
            }
            return tape.narrow(wide, as: Element.self)
        }
        return lowRank(
            x, adapter, to: tape.linear(x, weight: self[layer.weight], bias: self[layer.bias]))
    }

    /// gelu(x w + b).
    func linearGELU<Element: ComputeElement>(
        _ x: Value<Element>, _ layer: LinearParameters
    ) -> Value<Element> {
        guard adapters[layer.weight] == nil else {
            return tape.gelu(linear(x, layer), form: .tanh)
        }
        return tape.linearGELU(
            x, weight: self[layer.weight], bias: self[layer.bias], form: .tanh)
    }

    /// residual + dropout(x w + b).
    func add<Element: ComputeElement>(
        _ x: Value<Element>, through layer: LinearParameters, to residual: Variable, site: Int
    ) -> Variable {
        let (weight, bias) = (self[layer.weight], self[layer.bias])
        guard let adapter = adapters[layer.weight] else {
            return tape.addLinear(
                x, weight: weight, bias: bias, to: residual, dropout: dropout(site: site))
        }
        let wide =
            adapter.magnitude == nil
            ? lowRank(x, adapter, to: tape.wideLinear(x, weight: weight, bias: bias))
            : decomposed(x, adapter, bias: bias) { x, bias in
                tape.wideLinear(x, weight: weight, bias: bias)
            }
        return tape.add(residual, dropOut(wide, site: site))
    }

    /// x wᵀ with a weight [out, in], in floats; the product itself in `element`.
    func linear<Element: ComputeElement>(
        _ x: Variable, _ weight: Parameter, element: Element.Type
    ) -> Variable {
        func product(_ x: Variable) -> Variable {
            tape.linear(x, transposedWeight: self[weight], as: element)
        }
        guard let adapter = adapters[weight] else { return product(x) }
        guard adapter.magnitude == nil else {
            return decomposed(x, adapter, bias: nil) { x, _ in product(x) }
        }
        return lowRank(x, adapter, to: product(x))
    }

    /// y + s dropout(x) aᵀ bᵀ, over y.
    private func lowRank<In: ComputeElement, Out: ComputeElement>(
        _ x: Value<In>, _ adapter: LoRALayer, to y: Value<Out>
    ) -> Value<Out> {
        tape.addLowRank(
            dropOut(x, of: adapter), a: self[adapter.a], b: self[adapter.b],
            scale: adapters.configuration.scale, to: y)
    }

    /// DoRA: m / |W + s B A| times the adapted product. What stands in front of the bias is the
    /// product alone; where inputs are dropped, they are dropped for the change, not for W's own part:
    /// W x + (m / |W + s B A|) (W + s B A) dropout(x) - W dropout(x).
    private func decomposed<In: ComputeElement>(
        _ x: Value<In>, _ adapter: LoRALayer, bias: Variable?,
        _ product: (Value<In>, Variable?) -> Variable
    ) -> Variable {
        let isDropping = stream != nil && adapters.configuration.dropoutRate > 0
        let dropped = isDropping ? dropOut(x, of: adapter) : x
        let adapted = tape.addLowRank(
            dropped, a: self[adapter.a], b: self[adapter.b],
            scale: adapters.configuration.scale, to: product(dropped, nil))
        guard let magnitude = adapter.magnitude else { return adapted }
        let changed = tape.rescale(
            adapted, by: self[magnitude],
            norms: adapters.norms(of: adapter, in: parameters))
        if isDropping {
            let own = tape.scale(product(dropped, nil), by: -1)
            return tape.add(tape.add(product(x, bias), own), changed)
        }
        return bias.map { tape.addBias(changed, $0) } ?? changed
    }

    private func dropOut<Element: ComputeElement>(
        _ x: Value<Element>, of adapter: LoRALayer
    ) -> Value<Element> {
        guard let stream, adapters.configuration.dropoutRate > 0 else { return x }
        let dropout = Dropout(
            rate: adapters.configuration.dropoutRate,
            site: Self.firstAdapterSite + adapter.a.index, stream: stream)
        return tape.narrow(tape.dropout(tape.widen(x), dropout), as: Element.self)
    }
}
