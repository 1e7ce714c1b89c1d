import Diagnostics
import Files
import JSON
import Machine
import Models
import Tensors
import Tokenizers

/// A model directory, a GGUF file, or an adapter and its base, as a model and its tokenizer.
package struct LoadedModel {
    package let model: LanguageModel
    package let tokenizer: any Tokenizer
    /// The tokenizer_config.json beside the tokenizer, with its chat template; nil where there is
    /// none.
    private let tokenizerConfigurationJSON: [UInt8]?
    /// The labels of a classifier; nil for any other model.
    package let labels: [String]?
    /// Where the text of its training comes from, as JSON; nil where nobody knows.
    package let provenance: String?

    /// - Parameters:
    ///   - base: the model of an adapter, where it has moved.
    ///   - copyCount: Processes of this machine that load it at the same time.
    ///   - weights: How its weights lie in memory.
    package init(
        _ directory: String, base moved: String? = nil, device: Device, copyCount: Int = 1,
        weights: HeldWeights = .floats
    ) throws {
        let adapter =
            try AdapterDirectory.exists(at: directory) ? AdapterDirectory(reading: directory) : nil
        try Self.requireAdapter(adapter != nil || moved == nil, at: directory)
        var files = try StoredModelFormat.open(adapter?.basePath(moved) ?? directory)
        if let adapter { files = files.fitted(to: try adapter.model(on: files.model)) }
        files = weights.held(files)
        tokenizer = try Self.tokenizer(of: directory, files)
        try Self.require(tokenizer, fits: files.model, at: directory)
        let hasTokenizer = try Self.hasTokenizer(directory)
        tokenizerConfigurationJSON =
            try hasTokenizer
            ? ModelDirectory.tokenizerConfigurationJSON(in: directory)
            : files.tokenizerConfigurationJSON()
        provenance = try ModelDirectory.provenance(in: directory)
        labels = adapter?.labels ?? files.configuration.labels
        var plan = try adapter?.plan(for: files.model) ?? ParameterPlan()
        plan.classCount = labels?.count
        plan.quantized = weights.quantizedTypes(of: files)
        // Adapters of tables are folded in.
        for name in try adapter?.tableNames(of: files.model) ?? [] { plan.quantized[name] = nil }
        if adapter == nil && !plan.quantized.isEmpty { plan.trainsBase = { _ in false } }
        try MemoryRoom.current.require(
            4 * plan.layout(of: files.model).flatCount + plan.quantizedByteCount(of: files.model),
            copyCount: copyCount, at: directory)
        model = LanguageModel(files.model, device: device, plan: plan)
        try model.readWeights(of: files)
        try adapter?.read(into: model)
    }

    private static func requireAdapter(_ isThere: Bool, at directory: String) throws {
        guard !isThere else { return }
        throw Failure(
            "a base has no effect", expected: "an adapter, whose base has moved",
            got: "a model", at: directory, remedy: "leave the base out", kind: .usage)
    }

    /// An adapter of PEFT may lie alone.
    private static func hasTokenizer(_ directory: String) throws -> Bool {
        try DirectoryEntries.isThere(
            "\(directory)/\(ModelDirectory.tokenizerName)", followsLinks: true)
    }

    /// The tokenizer that lies in the directory of a model or an adapter, else that of the model.
    package static func tokenizer(
        of directory: String, _ files: any StoredModel
    ) throws -> any Tokenizer {
        try hasTokenizer(directory)
            ? StoredModelFormat.tokenizer(ofDirectory: directory, beside: files.path)
            : files.tokenizer()
    }

    /// - Throws: `Failure` where the tokenizer has more tokens than the model has rows.
    package static func require(
        _ tokenizer: any Tokenizer, fits model: DecoderConfiguration, at directory: String
    ) throws {
        guard tokenizer.vocabularySize > model.vocabularySize else { return }
        throw Failure(
            "the tokenizer has more tokens than the model",
            expected: "at most \(model.vocabularySize)", got: "\(tokenizer.vocabularySize)",
            at: directory,
            remedy: FailureText(
                "name a model that was made for this tokenizer, or let fine-tuning add rows with "
                    + "\(key: "finetune.resize"): true"))
    }

    /// - Throws: a `Failure` where the directory holds a classifier.
    package static func load(
        _ directory: String, base: String? = nil, device: Device, copyCount: Int = 1,
        weights: HeldWeights = .floats
    ) throws -> (LanguageModel, any Tokenizer) {
        let loaded = try LoadedModel(
            directory, base: base, device: device, copyCount: copyCount, weights: weights)
        try loaded.requireNoHead(at: directory)
        return (loaded.model, loaded.tokenizer)
    }

    /// Loads a model as it is, or with the adapter folded in.
    package static func merged(
        _ directory: String, base: String? = nil, device: Device
    ) throws -> LoadedModel {
        let loaded = try LoadedModel(directory, base: base, device: device)
        loaded.model.mergeAdapters()
        return loaded
    }

    /// The Jinja text of the chat template, whoever wrote it; nil where there is none.
    package var chatTemplate: String? {
        guard let json = tokenizerConfigurationJSON else { return nil }
        let configuration = try? JSONValue(parsing: json, at: "tokenizer_config.json")
        return configuration?["chat_template"]?.string
    }

    package func requireNoHead(at directory: String) throws {
        guard let labels else { return }
        throw Failure(
            "this model tells classes apart and writes no text", expected: "a language model",
            got: "a classifier of \(labels.joined(separator: ", "))", at: directory,
            remedy: "use the command classify", kind: .usage)
    }

    /// The model as a Hugging Face directory; adapters, which are no part of it, are merged.
    package func file(weights: WeightStorage = .float32) -> ModelFile {
        var file = ModelFile(
            model: model, tokenizer: tokenizer, weights: weights, labels: labels,
            tokenizerConfigurationJSON: tokenizerConfigurationJSON)
        file.texts[ModelDirectory.provenanceName] = provenance
        return file
    }
}
