import Tensors

/// One block: attention, then the feed-forward part, each added to the residual stream.
///
/// Architectures normalise what goes into a part, x + part(norm(x)), what it adds, x + norm(part(x)), or
/// both.
struct DecoderBlock {
    private let layer: Int
    private let isParallel: Bool
    private let weightLayout: DecoderConfiguration.WeightLayout
    private let options: AttentionOptions
    private let attentionNorm: NormLayer?
    private let projection: Projection
    private let attentionOutput: LinearLayer
    private let attentionResultNorm: NormLayer?
    private let mlpNorm: NormLayer?
    private let raising: Raising
    private let lower: LinearLayer
    private let mlpResultNorm: NormLayer?

    /// How queries, keys and values are made, side by side.
    private enum Projection {
        case joined(LinearLayer)
        case joinedRotated(LinearLayer, angles: LayerAngles)
        case rotated(
            queries: HeadProjection, keys: HeadProjection, values: LinearLayer,
            angles: LayerAngles)
    }

    /// How queries, or keys, are made.
    private struct HeadProjection {
        let linear: LinearLayer
        let norm: NormLayer?
    }

    /// How the feed-forward part gets its inner values.
    private enum Raising {
        case gelu(LinearLayer, GELUForm)
        case gated(gate: LinearLayer, raise: LinearLayer, DecoderConfiguration.Activation)
        case joined(LinearLayer)
    }

    /// Dropout sites of a block: attention probabilities, attention output, mlp output. Site 0 is
    /// the embedding.
    private static let sites = 3

    /// - Parameter angles: those of rotary positions; nil where positions are learned.
    init(layer: Int, _ modules: ModuleParameters, angles: LayerAngles?) {
        let configuration = modules.configuration
        let names = configuration.architecture.names
        func linear(_ module: DecoderModule) -> LinearLayer {
            modules.linear(module, layer: layer)
        }
        self.layer = layer
        weightLayout = configuration.weightLayout
        isParallel = configuration.isParallel
        options = AttentionOptions(configuration, layer: layer)
        attentionNorm = modules.norm(.attentionNorm, ifThereIn: layer)
        func heads(_ module: DecoderModule, _ norm: DecoderModule) -> HeadProjection {
            HeadProjection(
                linear: linear(module), norm: modules.norm(norm, ifThereIn: layer))
        }
        if names.hasInBlocks(.queriesKeysValues) {
            let joined = linear(.queriesKeysValues)
            projection = angles.map { .joinedRotated(joined, angles: $0) } ?? .joined(joined)
        } else if let angles {
            projection = .rotated(
                queries: heads(.queries, .queryNorm), keys: heads(.keys, .keyNorm),
                values: linear(.values), angles: angles)
        } else {
            preconditionFailure("positions that are learned need queries, keys and values joined")
        }
        attentionOutput = linear(.attentionOutput)
        attentionResultNorm = modules.norm(.attentionResultNorm, ifThereIn: layer)
        mlpNorm = modules.norm(.mlpNorm, ifThereIn: layer)
        raising =
            switch configuration.activation {
            case .gelu: .gelu(linear(.raise), .tanh)
            case .exactGELU: .gelu(linear(.raise), .exact)
            case .swiGLU where names.hasInBlocks(.gateAndRaise): .joined(linear(.gateAndRaise))
            case .swiGLU, .geGLU:
                .gated(
                    gate: linear(.gate), raise: linear(.raise), configuration.activation)
            }
        lower = linear(.lower)
        mlpResultNorm = modules.norm(.mlpResultNorm, ifThereIn: layer)
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
        options.isByRow = pass.tape.device.products.isByRow
        let normed: Value<Flow> = opened(x, attentionNorm, pass)
        let qkv = queriesKeysValues(normed, pass, element: element)
        let attended = pass.attention(qkv, options, layer: layer)
        let middle = added(
            attended, through: attentionOutput, attentionResultNorm, to: x, site: site + 1, pass,
            element: element)

        let normedAgain: Value<Flow> = opened(isParallel ? x : middle, mlpNorm, pass)
        let raised = raised(normedAgain, pass, element: element)
        return added(
            raised, through: lower, mlpResultNorm, to: middle, site: site + 2, pass,
            element: element)
    }

    /// What goes into a part of the block.
    private func opened<Flow>(
        _ x: Variable, _ norm: NormLayer?, _ pass: ForwardPass
    ) -> Value<Flow> {
        norm.map { pass.normalized(x, $0) } ?? pass.flow(x)
    }

    /// The residual stream with what a part of the block adds to it.
    private func added<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, through layer: LinearLayer, _ norm: NormLayer?, to residual: Variable,
        site: Int, _ pass: ForwardPass, element: Element.Type
    ) -> Variable {
        guard let norm else {
            return pass.add(x, through: layer, to: residual, site: site, element: element)
        }
        let result: Variable = pass.normalized(
            pass.wideLinear(x, layer, element: element), norm)
        return pass.tape.add(residual, pass.dropOut(result, site: site))
    }

    /// [B, T, C] -> [B, T, (H + 2K) D].
    private func queriesKeysValues<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ pass: ForwardPass, element: Element.Type
    ) -> Value<Flow> {
        switch projection {
        case .joined(let layer): return pass.linear(x, layer, element: element)
        case .joinedRotated(let layer, let angles):
            let joined = pass.floats(pass.linear(x, layer, element: element))
            return rotated(joined, angles, isByHead: pass.configuration.joinsByHead, pass)
        case .rotated(let queries, let keys, let values, let angles):
            let layers = [queries.linear, keys.linear, values]
            if queries.norm == nil, keys.norm == nil,
                let joined = pass.joined(x, layers, element: element)
            {
                return rotated(joined, angles, isByHead: false, pass)
            }
            let made = pass.linears(x, layers, element: element)
                .map { pass.floats($0) }
            func heads(_ x: Variable, _ projection: HeadProjection) -> Variable {
                projection.norm.map { pass.normalizedHeads(x, $0) } ?? x
            }
            return pass.flow(
                pass.turned(
                    [heads(made[0], queries), heads(made[1], keys), made[2]], angles
                ) { parts, table, start in
                    pass.tape.rotate(
                        queries: parts[0], keys: parts[1], values: parts[2], table,
                        headSize: pass.configuration.headSize, from: start)
                })
        }
    }

    /// Queries, keys and values side by side, turned by the angles of their positions.
    private func rotated<Flow>(
        _ joined: Variable, _ angles: LayerAngles, isByHead: Bool, _ pass: ForwardPass
    ) -> Value<Flow> {
        pass.flow(
            pass.turned([joined], angles) { joined, table, start in
                pass.tape.rotate(
                    joined[0], headCount: options.headCount,
                    keyValueHeadCount: options.keyValueHeadCount, isByHead: isByHead, table,
                    from: start)
            })
    }

    /// [B, T, C] -> [B, T, inner width].
    private func raised<Flow: ComputeElement, Element: ComputeElement>(
        _ x: Value<Flow>, _ pass: ForwardPass, element: Element.Type
    ) -> Value<Flow> {
        switch raising {
        case .gelu(let raise, let form):
            return pass.linearGELU(x, raise, form: form, element: element)
        case .joined(let layer):
            let joined = pass.floats(pass.linear(x, layer, element: element))
            return pass.flow(pass.tape.swiGLU(joined))
        case .gated(let gate, let raise, let activation):
            if activation == .swiGLU,
                let joined = pass.joined(x, [gate, raise], element: element)
            {
                return pass.flow(pass.tape.swiGLU(joined))
            }
            let made = pass.linears(x, [gate, raise], element: element).map { pass.floats($0) }
            let (opening, raised) = (made[0], made[1])
            guard activation == .geGLU else {
                return pass.flow(pass.tape.swiGLU(gate: opening, raised: raised))
            }
            let opened = pass.tape.gelu(opening, form: .tanh)
            return pass.flow(pass.tape.multiply(opened, raised))
        }
    }
}

extension AttentionOptions {
    /// Those of a layer.
    fileprivate init(_ model: DecoderConfiguration, layer: Int) {
        self.init(
            headCount: model.headCount, keyValueHeadCount: model.keyValueHeadCount,
            contextLength: model.contextLength, window: model.window(ofLayer: layer),
            scale: model.scoreDivisor.map { 1 / $0.squareRoot() }, softCap: model.scoreCap)
    }
}
