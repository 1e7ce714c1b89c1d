import Diagnostics
import Files
import JSON
import ModelFiles
import Models
import Tensors
import Tokenizers
import Training

/// A model directory, or that of an adapter and its base, as a model and its tokenizer.
struct LoadedModel {
    let model: any LanguageModel
    let tokenizer: any Tokenizer
    /// As it lies beside the tokenizer, with its chat template; nil where there is none.
    private let tokenizerConfigurationJSON: [UInt8]?
    /// Of a classifier.
    let labels: [String]?

    /// - Parameter copyCount: Processes of this machine that load it at the same time.
    init(_ directory: String, device: Device, copyCount: Int = 1) throws {
        let adapter =
            try AdapterDirectory.exists(at: directory) ? AdapterDirectory(reading: directory) : nil
        let base = try adapter?.basePath() ?? directory
        let files = try ModelDirectory(reading: base)
        // An adapter of PEFT may lie alone.
        let hasTokenizer = try InspectReport.exists("\(directory)/\(ModelDirectory.tokenizerName)")
        let home = hasTokenizer ? directory : base
        tokenizer = try TokenizerFile.load(home)
        let configurationPath = "\(home)/\(ModelDirectory.tokenizerConfigurationName)"
        tokenizerConfigurationJSON =
            try InspectReport.exists(configurationPath)
            ? FileReader.bytes(of: configurationPath) : nil
        guard files.model.vocabularySize >= tokenizer.vocabularySize else {
            throw Failure(
                "the tokenizer has more tokens than the model",
                expected: "at most \(files.model.vocabularySize)",
                got: "\(tokenizer.vocabularySize)", at: directory)
        }
        labels = adapter?.labels ?? files.configuration.labels
        var plan = try adapter?.plan(for: files.model) ?? ParameterPlan()
        plan.classCount = labels?.count
        try MemoryRoom.current.require(
            4 * plan.flatCounts(of: files.model).all, copyCount: copyCount, at: directory)
        model = files.model.makeModel(device: device, plan: plan)
        try CheckpointReader.readWeights(of: model, from: base)
        try adapter?.read(into: model)
    }

    /// - Throws: a `Failure` where the directory holds a classifier.
    static func load(
        _ directory: String, device: Device, copyCount: Int = 1
    ) throws -> (any LanguageModel, any Tokenizer) {
        let loaded = try LoadedModel(directory, device: device, copyCount: copyCount)
        try loaded.requireNoHead(at: directory)
        return (loaded.model, loaded.tokenizer)
    }

    /// As it is, or with the adapter folded in.
    static func merged(_ directory: String, device: Device) throws -> LoadedModel {
        let loaded = try LoadedModel(directory, device: device)
        loaded.model.mergeAdapters()
        return loaded
    }

    /// The Jinja text of the chat template, whoever wrote it; nil where there is none.
    var chatTemplate: String? {
        guard let json = tokenizerConfigurationJSON else { return nil }
        let configuration = try? JSONValue(parsing: json, at: "tokenizer_config.json")
        return configuration?["chat_template"]?.string
    }

    func requireNoHead(at directory: String) throws {
        guard let labels else { return }
        throw Failure(
            "this model tells classes apart and writes no text", expected: "a language model",
            got: "a classifier of \(labels.joined(separator: ", "))", at: directory,
            remedy: "use the command classify", kind: .usage)
    }

    /// The model as a Hugging Face directory; adapters, which are no part of it, are merged.
    func file(weights: WeightStorage = .float32) -> ModelFile {
        ModelFile(
            model: model, tokenizer: tokenizer, weights: weights, labels: labels,
            tokenizerConfigurationJSON: tokenizerConfigurationJSON)
    }
}
