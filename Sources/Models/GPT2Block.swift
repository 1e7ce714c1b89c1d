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

    /// The residual stream, [B, T, C] -> [B, T, C].
    ///
    /// - Parameter activation: the element of all that flows between two products.
    func forward<Activation: Tensors.Activation>(
        _ x: Variable, _ pass: GPT2ForwardPass, activation: Activation.Type
    ) -> Variable {
        let tape = pass.tape
        let site = 1 + layer * Self.sites

        var options = attention
        options.dropout = pass.dropout(site: site)
        let normed: Value<Activation> = pass.layerNorm(x, attentionNorm)
        let qkv = tape.linear(
            normed, weight: pass[queriesKeysValues.weight], bias: pass[queriesKeysValues.bias])
        let attended = pass.attention(qkv, options, layer: layer)
        let middle = pass.add(attended, through: attentionOutput, to: x, site: site + 1)

        let normedAgain: Value<Activation> = pass.layerNorm(middle, mlpNorm)
        let raised = tape.linearGELU(
            normedAgain, weight: pass[mlpInput.weight], bias: pass[mlpInput.bias], form: .tanh)
        return pass.add(raised, through: mlpOutput, to: middle, site: site + 2)
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

    func attention<Activation>(
        _ qkv: Value<Activation>, _ options: AttentionOptions, layer: Int
    ) -> Value<Activation> {
        guard let cache else { return tape.causalAttention(qkv, options) }
        let past = cache.past(ofLayer: layer)
        guard let floats = qkv as? Variable,
            let attended = tape.cachedAttention(floats, options, past: past) as? Value<Activation>
        else { preconditionFailure("a cache holds floats, got \(Activation.self)") }
        return attended
    }

    /// residual + dropout(x w + b).
    func add<Activation>(
        _ x: Value<Activation>, through layer: LinearParameters, to residual: Variable, site: Int
    ) -> Variable {
        tape.addLinear(
            x, weight: self[layer.weight], bias: self[layer.bias], to: residual,
            dropout: dropout(site: site))
    }

    func layerNorm<Activation>(
        _ x: Variable, _ norm: LayerNormParameters
    ) -> Value<Activation> {
        tape.layerNorm(
            x, gain: self[norm.gain], bias: self[norm.bias],
            epsilon: configuration.layerNormEpsilon, as: Activation.self)
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
