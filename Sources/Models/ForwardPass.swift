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
    /// The examples that share the sequences of the pass; nil where each is one.
    let segments: SequenceSegments?
    /// Sequences that the pass goes on with, whose rows stand one after the other in place of [B, T].
    var slots: [SlotRows] = []
    var slotAngles = SlotAngles()

    subscript(parameter: Parameter) -> Variable { tape.parameter(parameter, of: parameters) }

    /// A block, by its number, whose activations the tape keeps or computes again.
    func block(
        _ number: Int, _ x: Variable, _ body: @escaping (Variable, ForwardPass) -> Variable
    ) -> Variable {
        tape.segment(x, number: number, ownsParameters: true) {
            [parameters, configuration, stream, cache, adapters, segments, slots, slotAngles]
            tape, x in
            body(
                x,
                ForwardPass(
                    tape: tape, parameters: parameters, configuration: configuration,
                    stream: stream, cache: cache, adapters: adapters, segments: segments,
                    slots: slots, slotAngles: slotAngles))
        }
    }

    /// x + the rows of the table of positions, from the first position of the pass on.
    func addPositions(_ x: Variable, _ table: Parameter) -> Variable {
        if !slots.isEmpty {
            let rows = slots.rows(of: self[table].value, tape.device)
            return tape.addPositions(x, table: tape.constant(rows))
        }
        if let segments {
            let ids = tape.device.tensor(
                segments.positions.map(Int32.init), shape: Array(x.shape.prefix(2)))
            return tape.add(x, tape.embedding(ids, table: self[table]))
        }
        guard let cache else { return tape.addPositions(x, table: self[table]) }
        let rows = tape.slice(self[table], rows: cache.length..<configuration.contextLength)
        return tape.addPositions(x, table: rows)
    }

    /// Queries, keys and values [B, T, ...], turned by the angles of their positions.
    ///
    /// - Parameter turn: turns them by the rows of a table from one on.
    func turned(
        _ parts: [Variable], _ angles: LayerAngles,
        _ turn: ([Variable], RotaryTable, Int) -> Variable
    ) -> Variable {
        if !slots.isEmpty {
            let (rows, start) = slotAngles.rows(of: slots, angles, tape.device)
            return turn(parts, rows, start)
        }
        let (shape, start) = (parts[0].shape, cache?.length ?? 0)
        guard let segments else {
            let length = cache?.sequenceLength(adding: shape[1]) ?? shape[1]
            return turn(parts, angles.table(length: length), start)
        }
        let rows = angles.table(length: segments.longest)
            .rows(segments.positions, on: tape.device)
        let flat = parts.map {
            tape.reshape($0, to: [1, shape[0] * shape[1], $0.shape[2]])
        }
        let turned = turn(flat, rows, start)
        return tape.reshape(turned, to: [shape[0], shape[1], turned.shape[2]])
    }

    func attention<Element>(
        _ qkv: Value<Element>, _ options: AttentionOptions, layer: Int
    ) -> Value<Element> {
        if !slots.isEmpty { return slottedAttention(qkv, options, layer: layer) }
        if let segments { return tape.segmentedAttention(qkv, options, segments) }
        guard let cache else { return tape.causalAttention(qkv, options) }
        let past = cache.past(ofLayer: layer, adding: qkv.shape[1])
        let attended = tape.cachedAttention(qkv, options, past: past)
        cache.keep(past, ofLayer: layer, adding: qkv.shape[1])
        return attended
    }

    private func slottedAttention<Element>(
        _ qkv: Value<Element>, _ options: AttentionOptions, layer: Int
    ) -> Value<Element> {
        let pasts = slots.map { $0.cache.past(ofLayer: layer, adding: $0.ids.count) }
        let stretches = zip(pasts, slots.rowRanges).map { CachedStretch($0, rows: $1) }
        let attended = tape.cachedAttention(qkv, options, stretches)
        for (past, slot) in zip(pasts, slots) {
            slot.cache.keep(past, ofLayer: layer, adding: slot.ids.count)
        }
        return attended
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
