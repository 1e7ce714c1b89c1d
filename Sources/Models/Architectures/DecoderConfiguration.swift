import Diagnostics

/// The sizes of a decoder, and the features in which architectures differ.
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
    /// What is added to the gains of root mean square norms: 1 where files hold gain - 1.
    package var gainOffset: Float = 0
    /// How queries and keys are normalised before they turn; nil where they are not.
    package var headNorm: HeadNorm?
    /// What embeddings are multiplied with on their way into the residual stream.
    package var embeddingScale: Float = 1
    /// The layers that see a window of the past only; nil where all see all of it.
    package var sliding: SlidingAttention?
    /// The number by whose root the products of queries and keys are divided; nil for the head size.
    package var scoreDivisor: Float?
    /// The bound of attention's scores; nil for none; 50 in Gemma 2.
    package var scoreCap: Float?
    /// The bound of logits; nil for none; 30 in Gemma 2.
    package var logitCap: Float?
    /// Whether queries, keys and values that one layer makes lie head by head, those of each together.
    package var joinsByHead = false
    /// Whether both parts of a block start from what comes into it.
    package var isParallel = false
    /// The layers whose queries and keys do not turn with the position.
    package var unturnedLayers = LayerPattern.none

    /// How the residual stream, or what a part of a block adds to it, is normalised.
    package enum Norm: Sendable {
        /// To average 0 and variance 1, with a gain and a bias (Ba et al., 2016).
        case layer
        /// To mean square 1, with a gain (Zhang and Sennrich, 2019).
        case rootMeanSquare
    }

    /// What of the queries and of the keys of a position is normalised at once, to mean square 1.
    package enum HeadNorm: Sendable {
        case eachHead, allHeads
    }

    /// How attention knows the order of tokens.
    package enum Positions: Equatable, Sendable {
        /// A table of vectors is added to the embedding.
        case learned
        /// Queries and keys turn with the position.
        case rotary(RotaryPositions)
    }

    /// What stands between the linear layers of the feed-forward part.
    package enum Activation: Sendable {
        /// gelu(raise(x)), in the tanh form.
        case gelu
        /// gelu(raise(x)), in the exact form.
        case exactGELU
        /// silu(gate(x)) raise(x) (Shazeer, 2020).
        case swiGLU
        /// gelu(gate(x)) raise(x), in the tanh form (Shazeer, 2020).
        case geGLU
    }

    /// How the weights of linear layers are stored, and in which elements their products are handed on.
    package enum WeightLayout: Sendable {
        /// [in, out]; products are handed on in the elements in which they are computed.
        case inputFirst
        /// [out, in], as PyTorch's; products are handed on as floats, and rounded as operands.
        case outputFirst
    }

    /// The tokens that one of a layer sees; nil for all of the past.
    func window(ofLayer layer: Int) -> Int? {
        sliding.flatMap { $0.layers.holds(layer) ? $0.window : nil }
    }

    /// The width of a head where it is not embeddingSize / headCount.
    var ownHeadSize: Int? { headSize * headCount == embeddingSize ? nil : headSize }
    /// Floats of the queries of one position in one layer.
    package var querySize: Int { headCount * headSize }
    /// Floats of the keys of one position in one layer; as many of the values.
    package var keyValueSize: Int { keyValueHeadCount * headSize }

    /// A decoder with rotary positions, root mean square norms and SwiGLU, without biases.
    ///
    /// - Parameters:
    ///   - keyValueHeadCount: nil takes `headCount`.
    ///   - headSize: nil takes embeddingSize / headCount.
    static func rotary(
        _ architecture: Architecture, vocabularySize: Int, contextLength: Int, embeddingSize: Int,
        layerCount: Int, headCount: Int, keyValueHeadCount: Int? = nil, headSize: Int? = nil,
        mlpSize: Int, theta: Float = 10_000, isTied: Bool = false, normEpsilon: Float = 1e-6
    ) -> DecoderConfiguration {
        DecoderConfiguration(
            architecture: architecture, vocabularySize: vocabularySize,
            contextLength: contextLength, embeddingSize: embeddingSize, layerCount: layerCount,
            headCount: headCount, keyValueHeadCount: keyValueHeadCount ?? headCount,
            headSize: headSize ?? embeddingSize / headCount, mlpSize: mlpSize,
            norm: .rootMeanSquare, normEpsilon: normEpsilon,
            positions: .rotary(RotaryPositions(theta: theta)), activation: .swiGLU,
            weightLayout: .outputFirst, biasedModules: [], isTied: isTied, dropoutRate: 0)
    }

    /// The same with biases on these modules.
    func biased(_ modules: Set<DecoderModule>) -> DecoderConfiguration {
        var model = self
        model.biasedModules = modules
        return model
    }

    /// The same with norms of queries and keys.
    func normalizingHeads(_ norm: HeadNorm) -> DecoderConfiguration {
        var model = self
        model.headNorm = norm
        return model
    }

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
