import Tensors

/// One block: x + attention(norm(x)), then x + mlp(norm(x)).
struct DecoderBlock {
    private let layer: Int
    private let weightLayout: DecoderConfiguration.WeightLayout
    private let options: AttentionOptions
    private let attentionNorm: NormLayer
    private let projection: Projection
    private let attentionOutput: LinearLayer
    private let mlpNorm: NormLayer
    private let raising: Raising
    private let lower: LinearLayer

    /// How queries, keys and values are made, side by side.
    private enum Projection {
        case joined(LinearLayer)
        case rotated(
            queries: LinearLayer, keys: LinearLayer, values: LinearLayer, angles: RotaryTable)
    }

    /// How the feed-forward part gets its inner values.
    private enum Raising {
        case gelu(LinearLayer)
        case swiGLU(gate: LinearLayer, raise: LinearLayer)
    }

    /// Dropout sites of a block: attention probabilities, attention output, mlp output. Site 0 is
    /// the embedding.
    private static let sites = 3

    /// - Parameter angles: those of rotary positions; nil where positions are learned.
    init(layer: Int, _ modules: ModuleParameters, angles: RotaryTable?) {
        let configuration = modules.configuration
        func linear(_ module: DecoderModule) -> LinearLayer {
            modules.linear(module, layer: layer)
        }
        self.layer = layer
        weightLayout = configuration.weightLayout
        options = AttentionOptions(
            headCount: configuration.headCount,
            keyValueHeadCount: configuration.keyValueHeadCount,
            contextLength: configuration.contextLength)
        attentionNorm = modules.norm(.attentionNorm, layer: layer)
        projection =
            angles.map {
                .rotated(
                    queries: linear(.queries), keys: linear(.keys), values: linear(.values),
                    angles: $0)
            } ?? .joined(linear(.queriesKeysValues))
        attentionOutput = linear(.attentionOutput)
        mlpNorm = modules.norm(.mlpNorm, layer: layer)
        raising =
            switch configuration.activation {
            case .gelu: .gelu(linear(.raise))
            case .swiGLU: .swiGLU(gate: linear(.gate), raise: linear(.raise))
            }
        lower = linear(.lower)
    }

    /// The residual stream, [B, T, C] -> [B, T, C].
    ///
    /// - Parameter element: the element in which products are computed.
    func forward<Element: ComputeElement>(
        _ x: Variable, _ pass: ForwardPass, element: Element.Type
    ) -> Variable {
        switch weightLayout {
        case .inputFirst: forward(x, pass, flow: Element.self, element: element)
        case .outputFirst: forward(x, pass, flow: Float.self, element: element)
        }
    }

    /// - Parameter flow: the element of all that flows between two products.
    private func forward<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Variable, _ pass: ForwardPass, flow: Flow.Type, element: Element.Type
    ) -> Variable {
        let site = 1 + layer * Self.sites

        var options = options
        options.dropout = pass.dropout(site: site)
        let normed: Value<Flow> = pass.normalized(x, attentionNorm)
        let qkv = queriesKeysValues(normed, pass, element: element)
        let attended = pass.attention(qkv, options, layer: layer)
        let middle = pass.add(
            attended, through: attentionOutput, to: x, site: site + 1, element: element)

        let normedAgain: Value<Flow> = pass.normalized(middle, mlpNorm)
        let raised = raised(normedAgain, pass, element: element)
        return pass.add(raised, through: lower, to: middle, site: site + 2, element: element)
    }

    /// [B, T, C] -> [B, T, (H + 2K) D].
    private func queriesKeysValues<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ pass: ForwardPass, element: Element.Type
    ) -> Value<Flow> {
        switch projection {
        case .joined(let layer): return pass.linear(x, layer, element: element)
        case .rotated(let queries, let keys, let values, let angles):
            func floats(_ layer: LinearLayer) -> Variable {
                pass.floats(pass.linear(x, layer, element: element))
            }
            return pass.flow(
                pass.tape.rotate(
                    queries: floats(queries), keys: floats(keys), values: floats(values), angles,
                    from: pass.cache?.length ?? 0))
        }
    }

    /// [B, T, C] -> [B, T, inner width].
    private func raised<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ pass: ForwardPass, element: Element.Type
    ) -> Value<Flow> {
        switch raising {
        case .gelu(let raise): return pass.linearGELU(x, raise, element: element)
        case .swiGLU(let gate, let raise):
            let opening = pass.floats(pass.linear(x, gate, element: element))
            let raised = pass.floats(pass.linear(x, raise, element: element))
            return pass.flow(pass.tape.swiGLU(gate: opening, raised: raised))
        }
    }
}
