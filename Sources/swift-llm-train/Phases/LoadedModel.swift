import Diagnostics
import ModelFiles
import Models
import Tensors
import Tokenizers
import Training

/// A model directory, or that of an adapter and its base, as a model and its tokenizer.
struct LoadedModel {
    let model: any LanguageModel
    let tokenizer: any Tokenizer
    /// Of a classifier.
    let labels: [String]?

    init(_ directory: String, device: Device) throws {
        let adapter =
            AdapterDirectory.exists(at: directory) ? try AdapterDirectory(reading: directory) : nil
        let base = try adapter?.basePath() ?? directory
        let files = try ModelDirectory(reading: base)
        tokenizer = try Self.tokenizer(directory, base: base)
        guard files.model.vocabularySize >= tokenizer.vocabularySize else {
            throw Failure(
                "the tokenizer has more tokens than the model",
                expected: "at most \(files.model.vocabularySize)",
                got: "\(tokenizer.vocabularySize)", at: directory)
        }
        labels = adapter?.labels ?? files.configuration.labels
        var plan = try adapter?.plan(for: files.model) ?? ParameterPlan()
        plan.classCount = labels?.count
        model = files.model.makeModel(device: device, plan: plan)
        try CheckpointReader.readWeights(of: model, from: base)
        try adapter?.read(into: model)
    }

    /// - Throws: a `Failure` where the directory holds a classifier.
    static func load(
        _ directory: String, device: Device
    ) throws -> (any LanguageModel, any Tokenizer) {
        let loaded = try LoadedModel(directory, device: device)
        guard let labels = loaded.labels else { return (loaded.model, loaded.tokenizer) }
        throw Failure(
            "this model tells classes apart and writes no text", expected: "a language model",
            got: "a classifier of \(labels.joined(separator: ", "))", at: directory,
            remedy: "use the command classify", kind: .usage)
    }

    /// An adapter of PEFT may lie alone: then the tokenizer is the base's.
    private static func tokenizer(_ directory: String, base: String) throws -> any Tokenizer {
        let own = "\(directory)/\(ModelDirectory.tokenizerName)"
        return try TokenizerFile.load(InspectReport.exists(own) ? directory : base)
    }
}
