import Diagnostics
import Files
import Foundation
import ModelFiles
import Models
import Tensors
import Tokenizers
import Training

/// The model from which a fine-tuning starts, before its weights are read: a model, or an adapter and its
/// base.
package struct FineTuneBase {
    /// The directory of the model.
    let directory: String
    /// The directory that was named, whose chat template comes first.
    let source: String
    var tokenizer: any Tokenizer { additions.tokenizer }
    let configuration: DecoderConfiguration
    /// The labels of a classifier; nil for any other model.
    let labels: [String]?
    /// The model of an adapter that is trained on, where it has moved.
    var moved: String? { options.base }
    /// How its weights lie in memory: quantised ones stay so beside adapters alone.
    var weights: HeldWeights {
        options.trained == .lora ? HeldWeights(quantization) : .floats
    }
    /// The types of the weights that stay quantised beside adapters.
    private let quantized: [String: QuantizedType]
    private let quantization: WeightQuantization?
    private let options: FineTuneOptions
    private let lora: AdapterConfiguration
    private let additions: TokenAdditions

    /// - Throws: `Failure` where the directory holds no model.
    init(_ recipe: TrainingRecipe, _ options: FineTuneOptions, _ lora: LoRAOptions) throws {
        guard let directory = recipe.initial.from else {
            throw Failure(
                FailureText("\(key: "finetune.from") is missing"), remedy: "name a model directory",
                kind: .usage)
        }
        let adapter = try AdapterStart(directory, options, lora)
        let stored = try StoredModelFormat.open(adapter?.base ?? directory)
        source = directory
        self.directory = adapter?.base ?? directory
        let base = ResolvedPath.of(self.directory)
        self.options = options
        let additions = try TokenAdditions(
            to: LoadedModel.tokenizer(of: directory, stored),
            of: adapter?.directory.model(on: stored.model) ?? stored.model, options, at: directory)
        self.additions = additions
        var (own, configuration) = (
            try adapter?.configuration(for: stored.model)
                ?? lora.adapter(basePath: base, hasHead: options.task.hasHead),
            additions.model
        )
        own.basePath = base
        if let adapter { try additions.requireNone(in: adapter) }
        if options.trained == .lora {
            if !additions.newIDs.isEmpty { own.saveTables(of: configuration) }
            configuration = own.fitted(configuration)
            try own.requireTrainable(in: configuration)
        }
        self.lora = own
        configuration.dropoutRate = Float(recipe.model.dropoutRate)
        self.configuration = configuration
        let weights = HeldWeights(lora.quantize)
        let files = weights.held(stored.fitted(to: configuration))
        (quantization, quantized) = (lora.quantize, weights.quantizedTypes(of: files))
        labels = adapter?.directory.labels ?? stored.configuration.labels
        _ = try adapter?.directory.plan(for: configuration)
    }

    /// What is told of tokens that are added.
    var notes: [String] { additions.note.map { [$0] } ?? [] }

    /// Throws where tokens are added, which the model itself does not know as a reference.
    func requireKnownTokens() throws {
        guard !additions.newIDs.isEmpty else { return }
        throw Failure(
            "the reference knows none of the tokens that are added",
            expected: "a model that has them", got: "the model that is trained", at: source,
            remedy: FailureText(
                "add them in a fine-tuning on instructions first, or name another "
                    + "\(key: "finetune.preference.reference")"), kind: .usage)
    }

    /// The template of the recipe, else that of the model, else Alpaca's.
    ///
    /// - Parameter headed: whether the model has a head of one value; where `from` has it already, it goes
    ///   on from there.
    /// - Throws: `Failure` for a classifier, which writes no text, and for a template without an end.
    func template(headed: Bool = false) throws -> ChatTemplate {
        guard labels == nil || headed && labels == [RewardOptions.label] else {
            throw Failure(
                FailureText("\(key: "finetune.from") names a classifier"),
                expected: headed
                    ? "a language model or a reward model" : "a model that writes text",
                got: "a classifier", at: directory, remedy: "name its base", kind: .usage)
        }
        let template: ChatTemplate
        if let name = options.template {
            template = try ChatTemplate.named(name, for: tokenizer)
        } else {
            let own = try ChatTemplate.kept(in: source) ?? ChatTemplate.kept(in: directory)
            template = try own ?? ChatTemplate(.alpaca, for: tokenizer)
        }
        try template.requireEnd()
        return template
    }

    /// T, the sequence length of the recipe, at most the context.
    func sequenceLength(_ recipe: TrainingRecipe) -> Int {
        min(recipe.train.sequenceLength ?? .max, configuration.contextLength)
    }

    /// - Parameter classCount: of a head; nil for none.
    func plan(_ recipe: TrainingRecipe, classCount: Int?) throws -> ParameterPlan {
        var plan: ParameterPlan
        switch options.trained {
        case .lora:
            plan = try lora.plan(for: configuration)
            plan.quantization = quantization
            plan.quantized = quantized
        case .head: plan = ParameterPlan { _ in false }
        case .lastBlocks: plan = try lastBlocks(options.lastBlocks)
        case .all: plan = try ParameterPlan(freezing: recipe, configuration)
        }
        plan.classCount = classCount
        try additions.requireTrained(by: plan, options.trained)
        return plan
    }

    /// The last blocks and what follows them; of a tied output layer the table stays as it is.
    private func lastBlocks(_ count: Int) throws -> ParameterPlan {
        let first = configuration.layerCount - count
        guard first >= 0 else {
            throw Failure(
                FailureText("\(key: "finetune.last_blocks") is larger than the model"),
                expected: "at most \(configuration.layerCount)", got: "\(count)",
                remedy: "lower it, or train all", kind: .usage)
        }
        let names = configuration.tensorShapes.map(\.name)
        func block(_ name: String) -> Int? {
            name.split(separator: ".").compactMap { Int($0) }.first
        }
        let start = names.firstIndex { block($0).map { $0 >= first } ?? false } ?? names.count
        let trained = Set(names[start...])
        return ParameterPlan { trained.contains($0) }
    }

    /// - Parameter template: kept with the model.
    func checkpointFiles(
        recipeText: String, template: ChatTemplate? = nil, labels: [String]? = nil
    ) throws -> CheckpointFiles {
        var files = CheckpointFiles(
            tokenizerJSON: tokenizer.tokenizerJSON,
            tokenizerConfigurationJSON: try tokenizer.tokenizerConfigJSON(
                maximumLength: configuration.contextLength, template: template),
            endOfTextIDs: ends(template).ids.map(Int.init),
            beginningOfTextID: tokenizer.beginningOfTextID.map(Int.init),
            recipe: recipeText)
        files.labels = labels
        files.provenance = try ModelDirectory.provenance(in: source)
        if options.trained == .lora { files.adapter = lora }
        return files
    }

    /// The tokens that end an answer.
    func answerEnds(_ template: ChatTemplate) -> [Int32] { ends(template).ids }

    private func ends(_ template: ChatTemplate?) -> EndOfText {
        template?.ends(for: tokenizer) ?? tokenizer.endOfText
    }
}
