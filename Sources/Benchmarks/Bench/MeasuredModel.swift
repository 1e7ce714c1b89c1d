import Diagnostics
import ModelFiles
import Models
import Runs
import Tensors
import Tokenizers

/// The model that `bench --generate` measures.
package struct MeasuredModel {
    /// What a path names; nil for random weights of the recipe's sizes.
    package var path: String?
    /// What its weights are quantised to; nil keeps what is stored.
    package var quantization: WeightQuantization?
    /// The arithmetic of products with quantised weights; nil for exact.
    package var arithmetic: QuantizedArithmetic?
    /// How keys and values are kept.
    package var cache: KeyValueFormat

    package init(
        path: String? = nil, quantization: WeightQuantization? = nil,
        arithmetic: QuantizedArithmetic? = nil, cache: KeyValueFormat = .floats
    ) {
        (self.path, self.quantization, self.arithmetic) = (path, quantization, arithmetic)
        self.cache = cache
    }

    func configuration(_ recipe: Recipe) throws -> DecoderConfiguration {
        guard let path else { return try recipe.model.configuration(tokenizerVocabularySize: 1) }
        return try StoredModelFormat.open(path).model
    }

    /// The weights as `generate` holds them, and their tokens.
    func load(
        _ recipe: Recipe, _ configuration: DecoderConfiguration, on device: Device
    ) throws -> (LanguageModel, any Tokenizer) {
        let model: LanguageModel
        let tokenizer: any Tokenizer
        let rounds = recipe.training.multipliesBFloat16
        if let path {
            let weights = HeldWeights(quantization, in: rounds ? .bf16 : .fp32)
            (model, tokenizer) = try LoadedModel.load(
                path, device: device, weights: weights)
        } else {
            model = LanguageModel(configuration, device: device)
            model.initialize(seed: UInt64(recipe.seed))
            tokenizer = NumberedTokens(vocabularySize: configuration.vocabularySize)
        }
        model.parameters.quantizedArithmetic = arithmetic ?? .exact
        if rounds { model.parameters.keepBFloat16() }
        return (model, tokenizer)
    }
}

extension LanguageModel {
    /// The arithmetic of most products: "exact" or "int8" of quantised weights, else "fp32" or "bf16".
    var arithmetic: String {
        quantizedTypes == nil ? precision.rawValue : parameters.quantizedArithmetic.rawValue
    }
}
