import Diagnostics

/// The sizes of a decoder, and the features in which architectures differ.
///
/// A block is x + attention(norm(x)), then x + mlp(norm(x)), in all of them.
package struct DecoderConfiguration: Equatable, Sendable {
    /// The family whose names the model bears in files.
    package let architecture: Architecture
    /// Rows of the embedding table; token ids are below it.
    package var vocabularySize: Int
    /// The most tokens a sequence may have.
    package var contextLength: Int
    /// Width of the residual stream.
    package var embeddingSize: Int
    package var layerCount: Int
    /// Heads of queries in a layer.
    package var headCount: Int
    /// Heads of keys and values; divides `headCount`; usual headCount / 4 to headCount.
    package var keyValueHeadCount: Int
    /// Width of a head; usual embeddingSize / headCount; even where positions are rotary.
    package var headSize: Int
    /// Width inside the feed-forward part; usual 8/3 to 4 times embeddingSize.
    package var mlpSize: Int
    package var norm: Norm
    /// Added under the root of a norm; usual 1e-6 to 1e-5.
    package var normEpsilon: Float
    package var positions: Positions
    package var activation: Activation
    package var weightLayout: WeightLayout
    /// The linear layers that add a bias.
    package var biasedModules: Set<DecoderModule>
    /// Whether the output layer shares the embedding table.
    package var isTied: Bool
    /// Share of activations that training sets to zero; usual 0 (pretraining) to 0.1.
    package var dropoutRate: Float

    /// How the residual stream is normalised before each part of a block.
    package enum Norm: Sendable {
        /// To average 0 and variance 1, with a gain and a bias (Ba et al., 2016).
        case layer
        /// To mean square 1, with a gain (Zhang and Sennrich, 2019).
        case rootMeanSquare
    }

    /// How attention knows the order of tokens.
    package enum Positions: Equatable, Sendable {
        /// A table of vectors is added to the embedding; one linear layer makes queries, keys and values.
        case learned
        /// Queries and keys, each with a linear layer of its own, turn with the position.
        case rotary(RotaryPositions)
    }

    /// What stands between the linear layers of the feed-forward part.
    package enum Activation: Sendable {
        /// gelu(raise(x)), in the tanh form.
        case gelu
        /// silu(gate(x)) raise(x) (Shazeer, 2020).
        case swiGLU
    }

    /// How the weights of linear layers are stored, and in which elements their products are handed on.
    package enum WeightLayout: Sendable {
        /// [in, out]; products are handed on in the elements in which they are computed.
        case inputFirst
        /// [out, in], as PyTorch's; products are handed on as floats, and rounded as operands.
        case outputFirst
    }

    /// Floats of the queries of one position in one layer.
    package var querySize: Int { headCount * headSize }
    /// Floats of the keys of one position in one layer; as many of the values.
    package var keyValueSize: Int { keyValueHeadCount * headSize }

    /// Whether all weights have the same shapes and meaning.
    package func hasSizes(of other: DecoderConfiguration) -> Bool {
        var other = other
        other.dropoutRate = dropoutRate
        return self == other
    }

    package var summary: String {
        let hasSharedKeys = architecture.settings.contains(.keyValueHeadCount)
        let heads =
            Quantity.count(headCount, "head") + (hasSharedKeys ? " over \(keyValueHeadCount)" : "")
        return "\(architecture.name) with \(Quantity.count(layerCount, "layer")), \(heads), "
            + "\(embeddingSize) wide, context \(contextLength), vocabulary \(vocabularySize)"
    }
}
