import Tensors

/// One block: x + attention(norm(x)), then x + mlp(norm(x)).
struct LlamaBlock {
    private let layer: Int
    private let attention: AttentionOptions
    private let queries: Parameter
    private let keys: Parameter
    private let values: Parameter
    private let attentionOutput: Parameter
    private let gate: Parameter
    private let raise: Parameter
    private let lower: Parameter
    private let attentionNorm: Parameter
    private let mlpNorm: Parameter

    /// Dropout sites of a block: attention probabilities, attention output, mlp output. Site 0 is
    /// the embedding.
    private static let sites = 3

    init(
        layer: Int, _ sizes: LlamaConfiguration, _ next: inout IndexingIterator<[Parameter]>
    ) {
        self.layer = layer
        attention = AttentionOptions(
            headCount: sizes.headCount, keyValueHeadCount: sizes.keyValueHeadCount,
            contextLength: sizes.contextLength)
        queries = next.take()
        keys = next.take()
        values = next.take()
        attentionOutput = next.take()
        gate = next.take()
        raise = next.take()
        lower = next.take()
        attentionNorm = next.take()
        mlpNorm = next.take()
    }

    /// The residual stream, [B, T, C] -> [B, T, C], in floats.
    ///
    /// - Parameter element: the element to which the operands of products are rounded.
    func forward<Element: ComputeElement>(
        _ x: Variable, _ pass: ForwardPass, _ angles: RotaryTable, element: Element.Type
    ) -> Variable {
        let site = 1 + layer * Self.sites
        func linear(_ x: Variable, _ weight: Parameter) -> Variable {
            pass.linear(x, weight, element: element)
        }
        var options = attention
        options.dropout = pass.dropout(site: site)
        let normed = pass.rmsNorm(x, attentionNorm)
        let joined = pass.tape.rotate(
            queries: linear(normed, queries), keys: linear(normed, keys),
            values: linear(normed, values), angles, from: pass.cache?.length ?? 0)
        let attended = linear(pass.attention(joined, options, layer: layer), attentionOutput)
        let middle = pass.tape.add(x, pass.dropOut(attended, site: site + 1))

        let normedAgain = pass.rmsNorm(middle, mlpNorm)
        let raised = pass.tape.swiGLU(
            gate: linear(normedAgain, gate), raised: linear(normedAgain, raise))
        return pass.tape.add(middle, pass.dropOut(linear(raised, lower), site: site + 2))
    }
}
