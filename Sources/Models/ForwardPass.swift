import Tensors

/// The values that all layers of one forward pass share.
struct ForwardPass {
    let tape: Tape
    let parameters: ParameterList
    let configuration: DecoderConfiguration
    let stream: DropoutStream?
    /// The tokens before those of the pass; nil where it sees whole sequences.
    let cache: KeyValueCache?
    let adapters: LoRALayers

    subscript(parameter: Parameter) -> Variable { tape.parameter(parameter, of: parameters) }

    /// A block, whose activations the tape keeps or computes again.
    func block(
        _ x: Variable, _ body: @escaping (Variable, ForwardPass) -> Variable
    ) -> Variable {
        tape.segment(x, ownsParameters: true) {
            [parameters, configuration, stream, cache, adapters] tape, x in
            body(
                x,
                ForwardPass(
                    tape: tape, parameters: parameters, configuration: configuration,
                    stream: stream, cache: cache, adapters: adapters))
        }
    }

    /// The rows of the position table from the first position of the pass on.
    func positions(_ table: Parameter) -> Variable {
        guard let cache else { return self[table] }
        return tape.slice(self[table], rows: cache.length..<configuration.contextLength)
    }

    func attention<Element>(
        _ qkv: Value<Element>, _ options: AttentionOptions, layer: Int
    ) -> Value<Element> {
        guard let cache else { return tape.causalAttention(qkv, options) }
        let past = cache.past(ofLayer: layer, adding: qkv.shape[1])
        let attended = tape.cachedAttention(qkv, options, past: past)
        cache.keep(past, ofLayer: layer, adding: qkv.shape[1])
        return attended
    }

    /// The angles of some new positions.
    func table(_ angles: LayerAngles, adding count: Int) -> RotaryTable {
        angles.table(length: cache?.sequenceLength(adding: count) ?? count)
    }

    func normalized<Flow>(_ x: Variable, _ norm: NormLayer) -> Value<Flow> {
        guard let bias = norm.bias else {
            return flow(
                tape.rmsNorm(x, gain: gain(of: norm), epsilon: configuration.normEpsilon))
        }
        return tape.layerNorm(
            x, gain: self[norm.gain], bias: self[bias], epsilon: configuration.normEpsilon,
            as: Flow.self)
    }

    /// The gain of a root mean square norm.
    private func gain(of norm: NormLayer) -> Variable {
        let weight = self[norm.gain]
        guard configuration.gainOffset != 0 else { return weight }
        return tape.shift(weight, by: configuration.gainOffset)
    }

    /// Queries or keys [B, T, heads D], normalised head by head or all heads together.
    func normalizedHeads(_ x: Variable, _ norm: NormLayer) -> Variable {
        let shape = x.shape
        switch configuration.headNorm {
        case nil: return x
        case .allHeads: return normalized(x, norm)
        case .eachHead:
            let size = configuration.headSize
            let heads = [shape[0], shape[1], shape[2] / size, size]
            return tape.reshape(normalized(tape.reshape(x, to: heads), norm), to: shape)
        }
    }

    /// The numbers of `x` as floats: the very value where they are.
    func floats<Flow>(_ x: Value<Flow>) -> Variable { x as? Variable ?? tape.widen(x) }

    /// The numbers of `x` in the elements that flow: the very value where those are floats.
    func flow<Flow>(_ x: Variable) -> Value<Flow> {
        x as? Value<Flow> ?? tape.narrow(x, as: Flow.self)
    }

    func dropout(site: Int) -> Dropout? {
        guard let stream, configuration.dropoutRate > 0 else { return nil }
        return Dropout(rate: configuration.dropoutRate, site: site, stream: stream)
    }

    func dropOut(_ x: Variable, site: Int) -> Variable {
        dropout(site: site).map { tape.dropout(x, $0) } ?? x
    }
}
