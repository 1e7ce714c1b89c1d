import Tensors

/// Gain and bias of a layer norm.
struct LayerNormParameters {
    let gain: Parameter
    let bias: Parameter

    init(_ next: inout IndexingIterator<[Parameter]>) {
        gain = next.take()
        bias = next.take()
    }
}

/// Weight [in, out] and bias [out] of a linear layer.
struct LinearParameters {
    let weight: Parameter
    let bias: Parameter

    init(_ next: inout IndexingIterator<[Parameter]>) {
        weight = next.take()
        bias = next.take()
    }
}

/// One block: x + attention(norm(x)), then x + mlp(norm(x)).
struct GPT2Block {
    private let layer: Int
    private let attention: AttentionOptions
    private let attentionNorm: LayerNormParameters
    private let queriesKeysValues: LinearParameters
    private let attentionOutput: LinearParameters
    private let mlpNorm: LayerNormParameters
    private let mlpInput: LinearParameters
    private let mlpOutput: LinearParameters

    /// Dropout sites of a block: attention probabilities, attention output, mlp output. Site 0 is
    /// the embedding.
    private static let sites = 3

    init(
        layer: Int, _ configuration: GPT2Configuration,
        _ next: inout IndexingIterator<[Parameter]>
    ) {
        self.layer = layer
        attention = AttentionOptions(
            headCount: configuration.headCount, contextLength: configuration.contextLength)
        attentionNorm = LayerNormParameters(&next)
        queriesKeysValues = LinearParameters(&next)
        attentionOutput = LinearParameters(&next)
        mlpNorm = LayerNormParameters(&next)
        mlpInput = LinearParameters(&next)
        mlpOutput = LinearParameters(&next)
    }

    /// [B, T, C] -> [B, T, C].
    func forward(_ x: Variable, _ pass: GPT2ForwardPass) -> Variable {
        let tape = pass.tape
        let site = 1 + layer * Self.sites

        var options = attention
        options.dropout = pass.dropout(site: site)
        let qkv = pass.linear(pass.layerNorm(x, attentionNorm), queriesKeysValues)
        let attended = pass.linear(
            pass.attention(qkv, options, layer: layer), attentionOutput)
        let middle = tape.add(x, pass.dropOut(attended, site: site + 1))

        let raised = tape.linearGELU(
            pass.layerNorm(middle, mlpNorm), weight: pass[mlpInput.weight],
            bias: pass[mlpInput.bias], form: .tanh)
        let lowered = pass.linear(raised, mlpOutput)
        return tape.add(middle, pass.dropOut(lowered, site: site + 2))
    }
}

/// What all layers of one forward pass share.
struct GPT2ForwardPass {
    let tape: Tape
    let parameters: ParameterList
    let configuration: GPT2Configuration
    let stream: DropoutStream?
    /// The tokens before those of the pass; nil where it sees whole sequences.
    let cache: KeyValueCache?

    subscript(parameter: Parameter) -> Variable { tape.parameter(parameter, of: parameters) }

    /// The rows of the position table from the first position of the pass on.
    func positions(_ table: Parameter) -> Variable {
        guard let cache else { return self[table] }
        return tape.slice(self[table], rows: cache.length..<configuration.contextLength)
    }

    func attention(_ qkv: Variable, _ options: AttentionOptions, layer: Int) -> Variable {
        guard let cache else { return tape.causalAttention(qkv, options) }
        return tape.cachedAttention(qkv, options, past: cache.past(ofLayer: layer))
    }

    func linear(_ x: Variable, _ layer: LinearParameters) -> Variable {
        tape.linear(x, weight: self[layer.weight], bias: self[layer.bias])
    }

    func layerNorm(_ x: Variable, _ norm: LayerNormParameters) -> Variable {
        tape.layerNorm(
            x, gain: self[norm.gain], bias: self[norm.bias],
            epsilon: configuration.layerNormEpsilon)
    }

    func dropout(site: Int) -> Dropout? {
        guard let stream, configuration.dropoutRate > 0 else { return nil }
        return Dropout(rate: configuration.dropoutRate, site: site, stream: stream)
    }

    func dropOut(_ x: Variable, site: Int) -> Variable {
        dropout(site: site).map { tape.dropout(x, $0) } ?? x
    }
}

extension IndexingIterator<[Parameter]> {
    /// The next parameter; the list was made by the same rule as the layers that take from it.
    mutating func take() -> Parameter {
        guard let parameter = next() else {
            preconditionFailure("the parameter list is shorter than the model")
        }
        return parameter
    }
}
