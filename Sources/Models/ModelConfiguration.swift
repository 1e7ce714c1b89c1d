import Diagnostics
import Tensors

/// The architecture of a model and its sizes.
package enum ModelConfiguration: Equatable, Sendable {
    case gpt2(GPT2Configuration)
    case llama(LlamaConfiguration)

    /// A model with these sizes, its weights 0.
    ///
    /// - Parameters:
    ///   - weights: where the flat vector of parameters stands, all 0; nil takes memory of the
    ///     device.
    ///   - plan: what is trained, and what stands beside the tensors of the architecture.
    package func makeModel(
        device: Device, weights: Tensor<Float>? = nil, plan: ParameterPlan = ParameterPlan()
    ) -> any LanguageModel {
        switch self {
        case .gpt2(let sizes): GPT2(sizes, device: device, weights: weights, plan: plan)
        case .llama(let sizes): Llama(sizes, device: device, weights: weights, plan: plan)
        }
    }

    /// The tensors of the Hugging Face model, in the order of its modules.
    package var tensorShapes: [(name: String, shape: [Int])] {
        switch self {
        case .gpt2(let sizes): sizes.tensorShapes
        case .llama(let sizes): sizes.tensorShapes
        }
    }

    /// Whether all weights have the same shapes and meaning.
    package func hasSizes(of other: ModelConfiguration) -> Bool {
        var other = other
        other.dropoutRate = dropoutRate
        return self == other
    }

    package var summary: String {
        let (name, heads) =
            switch self {
            case .gpt2(let sizes): ("gpt2", "\(Quantity.count(sizes.headCount, "head"))")
            case .llama(let sizes):
                (
                    "llama",
                    "\(Quantity.count(sizes.headCount, "head")) over \(sizes.keyValueHeadCount)"
                )
            }
        return
            "\(name) with \(Quantity.count(layerCount, "layer")), \(heads), \(embeddingSize) wide, "
            + "context \(contextLength), vocabulary \(vocabularySize)"
    }
}

// MARK: Facts of every architecture

extension ModelConfiguration {
    /// Rows of the embedding table; token ids are below it.
    package var vocabularySize: Int {
        switch self {
        case .gpt2(let sizes): sizes.vocabularySize
        case .llama(let sizes): sizes.vocabularySize
        }
    }

    /// The most tokens a sequence may have.
    package var contextLength: Int {
        switch self {
        case .gpt2(let sizes): sizes.contextLength
        case .llama(let sizes): sizes.contextLength
        }
    }

    /// Width of the residual stream.
    package var embeddingSize: Int {
        switch self {
        case .gpt2(let sizes): sizes.embeddingSize
        case .llama(let sizes): sizes.embeddingSize
        }
    }

    package var layerCount: Int {
        switch self {
        case .gpt2(let sizes): sizes.layerCount
        case .llama(let sizes): sizes.layerCount
        }
    }

    package var headCount: Int {
        switch self {
        case .gpt2(let sizes): sizes.headCount
        case .llama(let sizes): sizes.headCount
        }
    }

    /// Floats of the keys of one position in one layer; as many of the values.
    package var keyValueSize: Int {
        switch self {
        case .gpt2(let sizes): sizes.embeddingSize
        case .llama(let sizes): sizes.keyValueHeadCount * sizes.headSize
        }
    }

    /// Added under the root of a norm.
    package var normEpsilon: Float {
        switch self {
        case .gpt2(let sizes): sizes.layerNormEpsilon
        case .llama(let sizes): sizes.normEpsilon
        }
    }

    /// Share of activations that training sets to zero.
    package var dropoutRate: Float {
        get {
            switch self {
            case .gpt2(let sizes): sizes.dropoutRate
            case .llama(let sizes): sizes.dropoutRate
            }
        }
        set {
            switch self {
            case .gpt2(var sizes):
                sizes.dropoutRate = newValue
                self = .gpt2(sizes)
            case .llama(var sizes):
                sizes.dropoutRate = newValue
                self = .llama(sizes)
            }
        }
    }
}
