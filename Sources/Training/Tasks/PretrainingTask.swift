import Collectives
import Datasets
import Diagnostics
import Evaluation
import JSON
import ModelFiles
import Models
import Objectives
import Tensors
import Tokenizers

/// Pretraining: the shards of a run and the tokenizer that made them, opened and checked against each
/// other.
package struct PretrainingTask: TrainingTask {
    /// The streams of the sources, in their order.
    package let streams: [TokenStream]
    package let validation: TokenStream?
    package let tokenizer: any Tokenizer
    private let tokenizerPath: String

    /// - Parameter gathered: the streams on which the hosts agreed; nil where this host has them all.
    package init(_ recipe: TrainingRecipe, _ gathered: DataStreams? = nil) throws {
        let data = try gathered ?? DataStreams(opening: recipe.data)
        (streams, validation) = (data.train, data.validation)
        tokenizerPath = recipe.data.tokenizer ?? streams[0].tokenizerPath
        tokenizer = try StoredModelFormat.tokenizer(tokenizerPath)
        for stream in streams { try stream.require(tokenizer) }
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

    package func checkWorld(_ recipe: TrainingRecipe) throws {
        guard recipe.train.islands > 1, streams.contains(where: { $0.holders != nil }) else {
            return
        }
        throw Failure(
            FailureText("islands do not wait for each other's tokens"),
            expected: FailureText("all shards on all hosts, or \(key: "train.islands") 1"),
            got: "\(recipe.train.islands) islands and shards on some hosts alone",
            at: streams[0].paths[0], remedy: "copy the shards to all hosts", kind: .usage)
    }

    package var inputs: RankInputs {
        streams.map { RankInputs($0) }.reduce(RankInputs(), +)
            + (validation.map { RankInputs($0) } ?? RankInputs())
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

    package func source(_ recipe: TrainingRecipe) throws -> any BatchSource {
        guard recipe.data.sources.isEmpty else { return try mixture(recipe) }
        return WindowSource(
            stream: streams[0], sampler: try sampler(recipe), separator: try separator(recipe))
    }

    private func mixture(_ recipe: TrainingRecipe) throws -> MixtureSource {
        try naming(streams[0]) {
            try MixtureSource(
                streams: streams, options: recipe.data, sequenceLength: recipe.sequenceLength,
                globalBatchSize: recipe.train.globalBatchSize, seed: UInt64(recipe.seed),
                separator: try separator(recipe))
        }
    }

    /// The token that ends a document, where documents do not see each other.
    private func separator(_ recipe: TrainingRecipe) throws -> Int32? {
        guard recipe.data.documentAttention == .separate else { return nil }
        guard let id = tokenizer.endOfTextID else {
            throw Failure(
                FailureText("\(key: "data.document_attention") separate needs ends of documents"),
                expected: "a tokenizer with an end of text", got: "\(tokenizer.kind.rawValue)",
                at: tokenizerPath, remedy: "train one of kind bpe", kind: .usage)
        }
        return id
    }

    /// The window, its tokens and its documents; the text of the inputs and the last target.
    package func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
    {
        let (train, range) = try location(number, ofStep: step, recipe)
        let window = range.lowerBound / recipe.sequenceLength
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

    private func location(
        _ number: Int, ofStep step: Int, _ recipe: TrainingRecipe
    ) throws -> (TokenStream, Range<Int>) {
        guard recipe.data.sources.isEmpty else {
            let place = try mixture(recipe).window(step: step, sequence: number)
            return (streams[place.source], place.range)
        }
        let sampler = try sampler(recipe)
        let window = sampler.window(step: step, sequence: number)
        return (streams[0], sampler.tokenRange(ofWindow: window))
    }

    private func sampler(_ recipe: TrainingRecipe) throws -> WindowSampler {
        try naming(streams[0]) {
            try WindowSampler(
                tokenCount: streams[0].tokenCount, sequenceLength: recipe.sequenceLength,
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
        var files = CheckpointFiles(
            tokenizerJSON: tokenizer.tokenizerJSON,
            tokenizerConfigurationJSON: try tokenizer.tokenizerConfigJSON(
                maximumLength: configuration.contextLength),
            endOfTextIDs: tokenizer.endOfText.ids.map(Int.init),
            beginningOfTextID: tokenizer.beginningOfTextID.map(Int.init),
            recipe: recipeText)
        files.provenance = provenance
        return files
    }

    /// What the shards of all sources tell of the corpora of their texts.
    private var provenance: String? {
        let told = streams.compactMap(\.attributes.provenance)
        guard told.count > 1 else { return told.first }
        let corpora = told.flatMap {
            (try? JSONValue(parsing: Array($0.utf8), at: "provenance"))?["corpora"]?.array ?? []
        }
        return JSONValue.object(["format_version": .integer(1), "corpora": .array(corpora)]).text()
    }

    package var description: String {
        let shardCount = streams.reduce(0) { $0 + $1.paths.count }
        let tokenCount = streams.reduce(0) { $0 + $1.tokenCount }
        return "data: \(Quantity.count(tokenCount, "token")) for training in \(shardCount) "
            + (shardCount == 1 ? "shard" : "shards")
            + (streams.count > 1 ? " of \(streams.count) sources" : "")
            + (validation.map { ", \($0.tokenCount) for validation" } ?? "")
            + ", vocabulary of \(tokenizer.vocabularySize)" + placement
    }

    /// The shards that the hosts read; empty where each has all.
    private var placement: String {
        let all = streams.compactMap(\.holders)
        guard let worldSize = all.first?.worldSize else { return "" }
        let counts = (0..<worldSize).map { rank in
            streams.reduce(0) { $0 + ($1.holders?.count(ofRank: rank) ?? $1.paths.count) }
        }
        let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
        return ", each host with \(least == most ? "" : "\(least) to ")\(most) of the shards"
    }
}
