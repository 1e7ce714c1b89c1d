import Collectives
import Datasets
import Diagnostics
import Evaluation
import ModelFiles
import Models
import Objectives
import Tensors
import Tokenizers

/// Pretraining: the shards of a run and the tokenizer that made them, opened and checked against each
/// other.
package struct PretrainingTask: TrainingTask {
    package let train: TokenStream
    package let validation: TokenStream?
    package let tokenizer: any Tokenizer
    private let tokenizerPath: String

    package init(_ recipe: TrainingRecipe) throws {
        guard let path = recipe.data.train else {
            throw Failure(
                FailureText("\(key: "data.train") is missing"),
                remedy: "name a shard directory or a glob", kind: .usage)
        }
        train = try TokenStream(resolving: path, split: .train)
        validation = try recipe.data.validation.map {
            try TokenStream(resolving: $0, split: .validation)
        }
        tokenizerPath = recipe.data.tokenizer ?? train.tokenizerPath
        tokenizer = try StoredModelFormat.tokenizer(tokenizerPath)
        try train.require(tokenizer)
        try validation?.require(tokenizer)
    }

    /// The configuration of the model of `init.from`, or else of the recipe.
    package func configuration(_ recipe: TrainingRecipe) throws -> DecoderConfiguration {
        guard let directory = recipe.initial.from else {
            return try recipe.model.configuration(
                tokenizerVocabularySize: tokenizer.vocabularySize)
        }
        var configuration = try StoredModelFormat.open(directory).model
        configuration.dropoutRate = Float(recipe.model.dropoutRate)
        guard configuration.vocabularySize >= tokenizer.vocabularySize else {
            throw Failure(
                FailureText(
                    "the model of \(key: "init.from") is smaller than the vocabulary of the shards"),
                expected: "at least \(tokenizer.vocabularySize) tokens",
                got: "\(configuration.vocabularySize)", at: directory,
                remedy: "prepare the text with the tokenizer of that model")
        }
        return configuration
    }

    package let warnings: [String] = []

    package var inputs: RankInputs {
        RankInputs(train) + (validation.map { RankInputs($0) } ?? RankInputs())
            + RankInputs(tokenizer, at: tokenizerPath)
    }

    package func plan(_ recipe: TrainingRecipe, _ model: DecoderConfiguration) throws
        -> ParameterPlan
    {
        try ParameterPlan(freezing: recipe, model)
    }

    package func objective(_ model: LanguageModel) -> any Objective {
        NextTokenObjective(model: model)
    }

    package func source(_ recipe: TrainingRecipe) throws -> any BatchSource { try windows(recipe) }

    private func windows(_ recipe: TrainingRecipe) throws -> WindowSource {
        WindowSource(stream: train, sampler: try sampler(recipe))
    }

    /// The window, its tokens and its documents; the text of the inputs and the last target.
    package func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
    {
        let sampler = try sampler(recipe)
        let window = sampler.window(step: step, sequence: number)
        let range = sampler.tokenRange(ofWindow: window)
        let first = try train.place(ofToken: range.lowerBound)
        let last = try train.place(ofToken: range.upperBound - 1)
        let end =
            last.path != first.path
            ? " to document \(last.document) of \(last.path)"
            : last.document == first.document ? "" : " to \(last.document)"
        return ShownSequence(
            place: "window \(window), tokens \(range.lowerBound) to \(range.upperBound - 1), "
                + "document \(first.document) of \(first.path)\(end)",
            text: try tokenizer.decode(train.tokens(range)))
    }

    private func sampler(_ recipe: TrainingRecipe) throws -> WindowSampler {
        try naming(train) {
            try WindowSampler(
                tokenCount: train.tokenCount, sequenceLength: recipe.sequenceLength,
                globalBatchSize: recipe.train.globalBatchSize, seed: UInt64(recipe.seed),
                order: recipe.data.shuffle)
        }
    }

    package func validationLoss(_ recipe: TrainingRecipe) throws -> ValidationLoss? {
        try validation.map { stream in
            try naming(stream) {
                try ValidationLoss(
                    stream: stream, sequenceLength: recipe.sequenceLength,
                    windowLimit: recipe.evaluate.windowLimit(
                        globalBatchSize: recipe.train.globalBatchSize,
                        sequenceLength: recipe.sequenceLength),
                    portionSize: recipe.train.microBatchSize)
            }
        }
    }

    /// Runs `body`, and names the shards in its failure.
    private func naming<Value>(_ stream: TokenStream, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch var failure as Failure {
            failure.place = failure.place ?? stream.paths[0]
            throw failure
        }
    }

    package func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles {
        CheckpointFiles(
            tokenizerJSON: tokenizer.tokenizerJSON,
            tokenizerConfigurationJSON: try tokenizer.tokenizerConfigJSON(
                maximumLength: configuration.contextLength),
            endOfTextIDs: tokenizer.endOfText.ids.map(Int.init),
            beginningOfTextID: tokenizer.beginningOfTextID.map(Int.init),
            recipe: recipeText)
    }

    package var description: String {
        "data: \(Quantity.count(train.tokenCount, "token")) for training in \(train.paths.count) "
            + (train.paths.count == 1 ? "shard" : "shards")
            + (validation.map { ", \($0.tokenCount) for validation" } ?? "")
            + ", vocabulary of \(tokenizer.vocabularySize)"
    }
}
