import Files
import Models
import Tokenizers

/// A model and its tokenizer on their way into a Hugging Face directory.
package struct ModelFile {
    package let model: LanguageModel
    package let tokenizer: any Tokenizer
    package var weights = WeightStorage.float32
    /// The labels of a classifier; nil for any other model.
    package var labels: [String]?
    package var template: ChatTemplate?
    /// tokenizer_config.json; nil makes one, with the template.
    package var tokenizerConfigurationJSON: [UInt8]?
    /// Further files of the directory, by their names.
    package var texts: [String: String] = [:]

    package init(
        model: LanguageModel, tokenizer: any Tokenizer,
        weights: WeightStorage = WeightStorage.float32, labels: [String]? = nil,
        template: ChatTemplate? = nil, tokenizerConfigurationJSON: [UInt8]? = nil
    ) {
        self.model = model
        self.tokenizer = tokenizer
        self.weights = weights
        self.labels = labels
        self.template = template
        self.tokenizerConfigurationJSON = tokenizerConfigurationJSON
    }

    package func publish(at path: String, isReplacing: Bool = false) throws {
        try OutputPath.makeParent(of: path)
        let configuration = HuggingFaceConfiguration(
            model: model.configuration, endOfTextIDs: tokenizer.endOfText.ids.map(Int.init),
            beginningOfTextID: tokenizer.beginningOfTextID.map(Int.init), labels: labels)
        let names = Set(configuration.tensorShapes.map(\.name))
        let tensors = model.parameters.named(model.parameters.values)
        try ModelDirectory.publish(
            configuration, tensors: tensors.filter { names.contains($0.name) },
            tokenizerJSON: tokenizer.tokenizerJSON,
            tokenizerConfigurationJSON: try tokenizerConfigurationJSON
                ?? tokenizer.tokenizerConfigJSON(
                    maximumLength: model.configuration.contextLength, template: template),
            weights: weights, texts: texts, at: path, isReplacing: isReplacing)
    }
}
