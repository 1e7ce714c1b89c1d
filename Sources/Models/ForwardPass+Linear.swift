import Tensors

/// Linear layers with the adapters that lie beside them.
extension ForwardPass {
    /// Numbers of the places in the model where adapters drop inputs; far above those of the layers.
    private static let firstAdapterSite = 1 << 16

    /// x w + b.
    func linear<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ layer: LinearLayer, element: Element.Type
    ) -> Value<Flow> {
        guard let adapter = adapters[layer.weight] else {
            return product(x, layer, element: element)
        }
        guard adapter.magnitude == nil else {
            return flow(decomposed(x, adapter, layer, element: element))
        }
        return lowRank(x, adapter, to: product(x, layer, element: element))
    }

    /// x w of several layers side by side, by one product, with their adapters; nil where a layer has more
    /// than that, or the weights do not lie one behind the other.
    func joined<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ layers: [LinearLayer], element: Element.Type
    ) -> Variable? {
        let areJoined = layers.allSatisfy {
            $0.bias == nil && !$0.weight.isQuantized && adapters[$0.weight]?.magnitude == nil
        }
        guard configuration.weightLayout == .outputFirst, areJoined else { return nil }
        let weights = layers.map { self[$0.weight] }
        guard
            var joined = tape.joinedLinear(
                floats(x), transposedWeights: weights, as: element)
        else { return nil }
        var start = 0
        for (layer, weight) in zip(layers, weights) {
            let columns = start..<start + weight.shape[0]
            start = columns.upperBound
            if let adapter = adapters[layer.weight] {
                joined = lowRank(x, adapter, to: joined, columns: columns)
            }
        }
        return joined
    }

    /// Whether layers are products with matrices of floats [out, in], and biases, alone.
    private func areBare(_ layers: [LinearLayer]) -> Bool {
        configuration.weightLayout == .outputFirst
            && layers.allSatisfy { adapters[$0.weight] == nil && !$0.weight.isQuantized }
    }

    /// x w + b of several layers; those of quantised weights are multiplied together.
    func linears<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ layers: [LinearLayer], element: Element.Type
    ) -> [Value<Flow>] {
        let areJoined = layers.allSatisfy {
            $0.weight.isQuantized && adapters[$0.weight]?.magnitude == nil
        }
        if areBare(layers) {
            let products = tape.linears(
                floats(x), transposedWeights: layers.map { self[$0.weight] }, as: element)
            return zip(layers, products).map { layer, product in
                flow(bias(of: layer).map { tape.addBias(product, $0) } ?? product)
            }
        }
        guard areJoined else { return layers.map { linear(x, $0, element: element) } }
        let weights = layers.map { parameters.quantized($0.weight) }
        let products = tape.linear(floats(x), quantized: weights)
        return zip(layers, products).map { layer, product -> Value<Flow> in
            let y: Value<Flow> = flow(
                bias(of: layer).map { tape.addBias(product, $0) } ?? product)
            return adapters[layer.weight].map { lowRank(x, $0, to: y) } ?? y
        }
    }

    /// gelu(x w + b).
    func linearGELU<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ layer: LinearLayer, form: GELUForm, element: Element.Type
    ) -> Value<Flow> {
        guard isPlain(layer), let bias = layer.bias
        else { return tape.gelu(linear(x, layer, element: element), form: form) }
        return tape.linearGELU(x, weight: self[layer.weight], bias: self[bias], form: form)
    }

    /// residual + dropout(x w + b).
    func add<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, through layer: LinearLayer, to residual: Variable, site: Int,
        element: Element.Type
    ) -> Variable {
        if isPlain(layer) {
            return tape.addLinear(
                x, weight: self[layer.weight], bias: bias(of: layer), to: residual,
                dropout: dropout(site: site))
        }
        if areBare([layer]), layer.bias == nil, dropout(site: site) == nil {
            return tape.linear(
                floats(x), transposedWeight: self[layer.weight], as: element, addedTo: residual)
        }
        return tape.add(
            residual, dropOut(wideLinear(x, layer, element: element), site: site))
    }

    /// Whether a layer is the product with a matrix of floats [in, out] alone.
    private func isPlain(_ layer: LinearLayer) -> Bool {
        configuration.weightLayout == .inputFirst && adapters[layer.weight] == nil
            && !layer.weight.isQuantized
    }

    /// x w + b in floats.
    func wideLinear<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ layer: LinearLayer, element: Element.Type
    ) -> Variable {
        func product() -> Variable {
            wideProduct(x, layer.weight, bias: bias(of: layer), element: element)
        }
        guard let adapter = adapters[layer.weight] else { return product() }
        guard adapter.magnitude == nil else {
            return decomposed(x, adapter, layer, element: element)
        }
        return lowRank(x, adapter, to: product())
    }

    /// x w + b, of the layer alone.
    private func product<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ layer: LinearLayer, element: Element.Type
    ) -> Value<Flow> {
        if configuration.weightLayout == .inputFirst && !layer.weight.isQuantized {
            return tape.linear(x, weight: self[layer.weight], bias: bias(of: layer))
        }
        return flow(wideProduct(x, layer.weight, bias: bias(of: layer), element: element))
    }

    /// x w + b in floats, of the layer alone; where the weight is [out, in], as every quantised one is, the
    /// product in `element`.
    private func wideProduct<In: ComputeElement, Element: ComputeElement>(
        _ x: Value<In>, _ weight: Parameter, bias: Variable?, element: Element.Type
    ) -> Variable {
        if configuration.weightLayout == .inputFirst && !weight.isQuantized {
            return tape.wideLinear(x, weight: self[weight], bias: bias)
        }
        let y = tape.linear(floats(x), transposedWeight: self[weight], as: element)
        return bias.map { tape.addBias(y, $0) } ?? y
    }

    private func bias(of layer: LinearLayer) -> Variable? { layer.bias.map { self[$0] } }

    /// y + s dropout(x) aᵀ bᵀ, over y, or over some of its columns.
    private func lowRank<In: ComputeElement, Out: ComputeElement>(
        _ x: Value<In>, _ adapter: LoRALayer, to y: Value<Out>, columns: Range<Int>? = nil
    ) -> Value<Out> {
        tape.addLowRank(
            dropOut(x, of: adapter), a: self[adapter.a], b: self[adapter.b],
            scale: adapter.scale, to: y, columns: columns)
    }

    /// DoRA: m / |W + s B A| times the adapted product. What is in front of the bias is the product
    /// alone; where inputs are dropped, they are dropped for the change, not for W's own part:
    /// W x + (m / |W + s B A|) (W + s B A) dropout(x) - W dropout(x).
    private func decomposed<In: ComputeElement, Element: ComputeElement>(
        _ x: Value<In>, _ adapter: LoRALayer, _ layer: LinearLayer, element: Element.Type
    ) -> Variable {
        func product(_ x: Value<In>, bias: Variable? = nil) -> Variable {
            wideProduct(x, layer.weight, bias: bias, element: element)
        }
        let bias = bias(of: layer)
        let isDropping = stream != nil && adapters.configuration.dropoutRate > 0
        let dropped = isDropping ? dropOut(x, of: adapter) : x
        let adapted = tape.addLowRank(
            dropped, a: self[adapter.a], b: self[adapter.b],
            scale: adapter.scale, to: product(dropped))
        guard let magnitude = adapter.magnitude else { return adapted }
        let changed = tape.rescale(
            adapted, by: self[magnitude],
            norms: adapters.norms(of: adapter, in: parameters))
        if isDropping {
            let own = tape.scale(product(dropped), by: -1)
            return tape.add(tape.add(product(x, bias: bias), own), changed)
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
