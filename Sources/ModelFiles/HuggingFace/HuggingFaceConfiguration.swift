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

    package var model: DecoderConfiguration
    /// The ids that end a text; the first ends a document; empty when the tokenizer has none.
    package let endOfTextIDs: [Int]
    /// The id that starts a text; nil when texts start without one.
    package let beginningOfTextID: Int?
    /// The family of a model of more than texts, of which this is the text part; nil for others.
    package let whole: String?
    /// The classes of a `...ForSequenceClassification`; nil for a model that writes text.
    package let labels: [String]?

    package init(
        model: DecoderConfiguration, endOfTextIDs: [Int], beginningOfTextID: Int? = nil,
        labels: [String]? = nil
    ) {
        self.labels = labels
        self.model = model
        whole = nil
        self.endOfTextIDs = endOfTextIDs
        self.beginningOfTextID = beginningOfTextID
    }

    /// - Parameter path: the file, for the error.
    package init(json: JSONValue, at path: String) throws(Failure) {
        let part = TextPart(of: json)
        whole = part?.whole
        let members = try JSONMembers(part?.json ?? json, at: path)
        let architecture = try members.architecture()
        labels = try members.labels()
        try members.require("quantization_config", default: .null, oneOf: [.null])
        model = try architecture.read(members)
        let standard = architecture.defaultIDs
        endOfTextIDs = try members.tokens("eos_token_id", default: standard.endOfText, in: model)
        guard let beginning = standard.beginningOfText else {
            beginningOfTextID = nil
            return
        }
        beginningOfTextID = try members.tokens("bos_token_id", default: beginning, in: model)
            .first
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
        let ends = endOfTextIDs.map(JSONValue.integer)
        let endOfText = ends.count > 1 ? JSONValue.array(ends) : ends.first ?? .null
        let own: [String: JSONValue] = [
            "bos_token_id": beginningOfTextID.map(JSONValue.integer) ?? ends.first ?? .null,
            "dtype": .string(type.torchName), "eos_token_id": endOfText,
            "initializer_range": .number(0.02), "use_cache": .boolean(true),
            "vocab_size": .integer(model.vocabularySize),
        ]
        return .object(
            own.merging(model.huggingFaceMembers) { $1 }.merging(labelMembers) { $1 })
    }
}

extension JSONMembers {
    /// The default of transformers, and ids above the vocabulary, mean none where the vocabulary is
    /// smaller: no model can produce them.
    fileprivate func tokens(
        _ key: String, default standard: Int, in model: DecoderConfiguration
    ) throws(Failure) -> [Int] {
        var value = self[key]
        if value == nil, !contains(key) { value = .integer(standard) }
        guard let value else { return [] }
        let tokens = value.array ?? [value]
        let ids = tokens.compactMap(\.integer).filter { $0 >= 0 }
        guard ids.count == tokens.count, !ids.isEmpty else {
            throw failure(key, expected: "a token id, a list of them, or null")
        }
        return ids.filter { $0 < model.vocabularySize }.reduce(into: []) { ids, id in
            if !ids.contains(id) { ids.append(id) }
        }
    }
}
