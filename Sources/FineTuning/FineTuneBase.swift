import Diagnostics
import Files
import ModelFiles
import Models
import Tokenizers
import Training

/// The model from which a fine-tuning starts, before its weights are read.
struct FineTuneBase {
    let directory: String
    let tokenizer: any Tokenizer
    let configuration: DecoderConfiguration
    /// The labels of a classifier; nil for any other model.
    let labels: [String]?
    private let options: FineTuneOptions
    private let lora: LoRAOptions

    /// - Throws: `Failure` where the directory holds no model.
    init(_ recipe: TrainingRecipe, _ options: FineTuneOptions, _ lora: LoRAOptions) throws {
        guard let directory = recipe.initial.from else {
            throw Failure(
                FailureText("\(key: "finetune.from") is missing"), remedy: "name a model directory",
                kind: .usage)
        }
        guard try !AdapterDirectory.exists(at: directory) else {
            throw Failure(
                FailureText("\(key: "finetune.from") names an adapter"), expected: "a model",
                got: "a PEFT directory",
                at: directory, remedy: "merge it into its base first", kind: .usage)
        }
        let files = try StoredModelFormat.open(directory)
        self.directory = directory
        (self.options, self.lora) = (options, lora)
        tokenizer = try files.tokenizer()
        labels = files.configuration.labels
        var configuration = files.model
        configuration.dropoutRate = Float(recipe.model.dropoutRate)
        self.configuration = configuration
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
            plan = try ParameterPlan(lora: lora.configuration, of: configuration)
        case .head: plan = ParameterPlan { _ in false }
        case .lastBlocks: plan = try lastBlocks(options.lastBlocks)
        case .all: plan = try ParameterPlan(freezing: recipe, configuration)
        }
        plan.classCount = classCount
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
            endOfTextIDs: tokenizer.endOfText.ids.map(Int.init),
            beginningOfTextID: tokenizer.beginningOfTextID.map(Int.init),
            recipe: recipeText)
        files.labels = labels
        if options.trained == .lora {
            files.adapter = AdapterConfiguration(
                lora: lora.configuration, basePath: ResolvedPath.of(directory),
                hasHead: labels != nil)
        }
        return files
    }
}
