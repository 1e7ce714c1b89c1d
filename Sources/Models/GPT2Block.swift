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
    /// - Parameter element: the element of all that flows between two products.
    func forward<Element: ComputeElement>(
        _ x: Variable, _ pass: ForwardPass, element: Element.Type
    ) -> Variable {
        let site = 1 + layer * Self.sites

        var options = attention
        options.dropout = pass.dropout(site: site)
        let normed: Value<Element> = pass.layerNorm(x, attentionNorm)
        let qkv = pass.linear(normed, queriesKeysValues)
        let attended = pass.attention(qkv, options, layer: layer)
        let middle = pass.add(attended, through: attentionOutput, to: x, site: site + 1)

        let normedAgain: Value<Element> = pass.layerNorm(middle, mlpNorm)
        let raised = pass.linearGELU(normedAgain, mlpInput)
        return pass.add(raised, through: mlpOutput, to: middle, site: site + 2)
    }
}
