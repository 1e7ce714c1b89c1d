/// The modules of a decoder by what they do, whatever their names in files are.
package enum DecoderModule: Hashable, Sendable {
    case tokenEmbedding, positionEmbedding
    case attentionNorm
    /// Queries, keys and values from one layer, side by side.
    case queriesKeysValues
    case queries, keys, values, attentionOutput
    case queryNorm, keyNorm
    /// Of what attention adds to the residual stream.
    case attentionResultNorm
    case mlpNorm, gate, raise, lower
    /// Gate and raised from one layer, side by side.
    case gateAndRaise
    /// Of what the feed-forward part adds to the residual stream.
    case mlpResultNorm
    case finalNorm
    /// Logits from the last hidden states.
    case output

    /// Whether it is a linear layer of a block.
    package var isLinear: Bool {
        switch self {
        case .queriesKeysValues, .queries, .keys, .values, .attentionOutput: true
        case .gate, .raise, .lower, .gateAndRaise: true
        default: false
        }
    }

    package var isNorm: Bool {
        switch self {
        case .attentionNorm, .mlpNorm, .finalNorm, .queryNorm, .keyNorm: true
        case .attentionResultNorm, .mlpResultNorm: true
        default: false
        }
    }

    /// Whether its result is added to the residual stream.
    var endsInResidual: Bool { self == .attentionOutput || self == .lower }
}

/// The names of modules in a Hugging Face model, in the order in which their parameters stand.
package struct ModuleNames: Sendable {
    /// What stands before all names but that of the output layer.
    package let prefix: String
    /// The name of the list of blocks.
    let blocks: String
    let embeddings: KeyValuePairs<DecoderModule, String>
    /// Those of a block, behind its number.
    let block: KeyValuePairs<DecoderModule, String>
    let end: KeyValuePairs<DecoderModule, String>
    /// Behind all others; not there where it is tied.
    package let output: String

    /// Whether blocks have the module.
    func hasInBlocks(_ module: DecoderModule) -> Bool {
        block.contains { $0.key == module }
    }

    /// The full name of a module.
    ///
    /// - Precondition: the architecture has the module.
    package func name(of module: DecoderModule, layer: Int? = nil) -> String {
        if module == .output { return output }
        let all = [embeddings, block, end].joined()
        guard let name = all.first(where: { $0.key == module })?.value else {
            preconditionFailure("the architecture has no module \(module)")
        }
        return fullName(name, layer: layer)
    }

    /// - Parameter layer: The number of the block; nil outside of blocks.
    func fullName(_ name: String, layer: Int?) -> String {
        layer.map { "\(prefix).\(blocks).\($0).\(name)" } ?? "\(prefix).\(name)"
    }
}
