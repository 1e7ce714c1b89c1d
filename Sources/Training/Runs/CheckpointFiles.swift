import Diagnostics
import Files
import JSON
import ModelFiles
import Models

/// The files that make a checkpoint a directory that others can load: a Hugging Face model, or a
/// PEFT adapter. All but the tensors and the state of the trainer is the same in every checkpoint
/// of a run.
package struct CheckpointFiles: Sendable {
    package var tokenizerJSON: [UInt8]
    package var tokenizerConfigurationJSON: [UInt8]
    package var endOfTextIDs: [Int]
    package var beginningOfTextID: Int?
    /// The classes of a classifier.
    package var labels: [String]?
    /// The configuration of adapters, where they are trained: they alone are saved then. Nil
    /// elsewhere.
    package var adapter: AdapterConfiguration?
    /// The metadata in the file of the weights, beside the tensors.
    package var weightsMetadata: [String: String] = [:]
    /// The resolved recipe.
    package var recipe: String
    /// Where the text of the training comes from, as JSON; nil where nobody knows.
    package var provenance: String?

    package init(
        tokenizerJSON: [UInt8], tokenizerConfigurationJSON: [UInt8], endOfTextIDs: [Int],
        beginningOfTextID: Int? = nil, recipe: String
    ) {
        self.tokenizerJSON = tokenizerJSON
        self.tokenizerConfigurationJSON = tokenizerConfigurationJSON
        self.endOfTextIDs = endOfTextIDs
        self.beginningOfTextID = beginningOfTextID
        self.recipe = recipe
    }

    var weightsName: String {
        adapter == nil ? "model.safetensors" : AdapterDirectory.weightsName
    }

    /// The tensors that are saved, under their names in the file.
    func weights(of model: LanguageModel) -> [NamedTensor] {
        let list = model.parameters
        if let adapter {
            return AdapterDirectory.tensors(
                list.named(list.values, of: model.adapterParameters), of: adapter,
                model.configuration)
        }
        let names = Set(configuration(of: model.configuration).tensorShapes.map(\.name))
        return list.named(list.values).filter { names.contains($0.name) }
    }

    /// The bytes of each file of a checkpoint; small ones, whose sizes are known only in the run,
    /// are left out.
    package func sizes(of model: LanguageModel, _ state: OptimizerState) -> [Int] {
        let weights = weights(of: model).map { ($0.name, $0.shape) }
        return [
            SafetensorsLayout(weights, metadata: weightsMetadata).fileSize,
            SafetensorsLayout(state.shapes).fileSize, tokenizerJSON.count,
            tokenizerConfigurationJSON.count, recipe.utf8.count,
        ]
    }

    /// Writes all files of a checkpoint but its tensors.
    func write(
        _ model: DecoderConfiguration, _ state: TrainerState, into directory: String
    ) throws {
        if let adapter {
            try FileWriter.write(
                Array(try adapter.json(for: model).text(isPretty: true).utf8),
                to: "\(directory)/\(AdapterConfiguration.fileName)")
            try FileWriter.write(
                tokenizerJSON, to: "\(directory)/\(ModelDirectory.tokenizerName)")
            // An adapter has no config.json, which says where texts end.
            let ends: JSONValue = ["eos_token_id": .array(endOfTextIDs.map(JSONValue.integer))]
            try FileWriter.write(
                Array(ends.text(isPretty: true).utf8),
                to: "\(directory)/generation_config.json")
            try FileWriter.write(
                tokenizerConfigurationJSON,
                to: "\(directory)/\(ModelDirectory.tokenizerConfigurationName)")
        } else {
            try ModelDirectory.writeWithoutWeights(
                configuration(of: model), tokenizerJSON: tokenizerJSON,
                tokenizerConfigurationJSON: tokenizerConfigurationJSON, into: directory)
        }
        try FileWriter.write(
            Array(state.json.text(isPretty: true).utf8),
            to: directory + "/" + TrainerState.fileName)
        try FileWriter.write(Array(recipe.utf8), to: directory + "/recipe.yaml")
        if let provenance {
            try FileWriter.write(
                Array(provenance.utf8), to: "\(directory)/\(ModelDirectory.provenanceName)")
        }
    }

    private func configuration(of model: DecoderConfiguration) -> HuggingFaceConfiguration {
        HuggingFaceConfiguration(
            model: model, endOfTextIDs: endOfTextIDs, beginningOfTextID: beginningOfTextID,
            labels: labels)
    }
}
