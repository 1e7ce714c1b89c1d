import Diagnostics
import Files
import JSON
import Models

/// The config.json of a model of one of the architectures.
///
/// Missing keys take the defaults of transformers. What would compute something else than this project's
/// models is refused, so that no model is loaded and quietly wrong.
package struct HuggingFaceConfiguration: Equatable, Sendable {
    package static let fileName = "config.json"

    package let model: DecoderConfiguration
    /// The id that ends a document; nil when the tokenizer has none.
    package let endOfTextID: Int?
    /// The id that starts a text; nil when texts start without one.
    package let beginningOfTextID: Int?
    /// The classes of a `...ForSequenceClassification`; nil for a model that writes text.
    package let labels: [String]?

    package init(
        model: DecoderConfiguration, endOfTextID: Int?, beginningOfTextID: Int? = nil,
        labels: [String]? = nil
    ) {
        self.labels = labels
        self.model = model
        self.endOfTextID = endOfTextID
        self.beginningOfTextID = beginningOfTextID
    }

    /// - Parameter path: the file, for the error.
    package init(json: JSONValue, at path: String) throws(Failure) {
        let members = try JSONMembers(json, at: path)
        let architecture = try members.architecture()
        labels = try members.labels()
        try members.require("quantization_config", default: .null, oneOf: [.null])
        model = try architecture.read(members)
        let standard = architecture.defaultIDs
        endOfTextID = try members.token("eos_token_id", default: standard.endOfText, in: model)
        guard let beginning = standard.beginningOfText else {
            beginningOfTextID = nil
            return
        }
        beginningOfTextID = try members.token("bos_token_id", default: beginning, in: model)
    }

    package init(reading directory: String) throws(Failure) {
        let path = "\(directory)/\(Self.fileName)"
        let json = try JSONValue(parsing: try FileReader.bytes(of: path), at: path)
        try self.init(json: json, at: path)
    }

    /// The tensors of such a directory; a classifier has no output layer of its own.
    package var tensorShapes: [(name: String, shape: [Int])] {
        guard let labels else { return model.tensorShapes }
        var plan = ParameterPlan()
        plan.classCount = labels.count
        let output = model.architecture.names.output + ".weight"
        return plan.tensorShapes(of: model).filter { $0.name != output }
    }

    package var json: JSONValue { json(type: .float32) }

    /// - Parameter type: of the tensors beside it.
    package func json(type: SafetensorsType) -> JSONValue {
        let endOfText = endOfTextID.map(JSONValue.integer) ?? .null
        let own: [String: JSONValue] = [
            "bos_token_id": beginningOfTextID.map(JSONValue.integer) ?? endOfText,
            "dtype": .string(type.torchName), "eos_token_id": endOfText,
            "initializer_range": .number(0.02), "use_cache": .boolean(true),
            "vocab_size": .integer(model.vocabularySize),
        ]
        return .object(
            own.merging(model.huggingFaceMembers) { $1 }.merging(labelMembers) { $1 })
    }
}

extension JSONMembers {
    /// A list means its first id. The default of transformers, and an id above the vocabulary, mean
    /// none where the vocabulary is smaller: no model can produce it.
    fileprivate func token(
        _ key: String, default standard: Int, in model: DecoderConfiguration
    ) throws(Failure) -> Int? {
        var value = self[key]
        if value == nil, !contains(key) { value = .integer(standard) }
        if let first = value?.array?.first { value = first }
        guard let value else { return nil }
        guard let identifier = value.integer, identifier >= 0 else {
            throw failure(key, expected: "a token id, a list of them, or null")
        }
        return identifier < model.vocabularySize ? identifier : nil
    }
}
