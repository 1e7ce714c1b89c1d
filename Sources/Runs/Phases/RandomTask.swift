import Collectives
import Datasets
import Evaluation
import ModelFiles
import Models
import Objectives
import Tensors
import Training

/// Pretraining on tokens without meaning: what a step costs does not depend on what is read, and a plan
/// may be wanted before any text is prepared.
struct RandomTask: TrainingTask {
    let vocabularySize: Int

    /// Windows of an epoch, which nobody knows yet: more than any run takes.
    private static let windowCount = 1 << 30

    let warnings: [String] = []
    var description: String { "random tokens" }
    var inputs: RankInputs { RankInputs() }

    func configuration(_ recipe: TrainingRecipe) throws -> DecoderConfiguration {
        guard let directory = recipe.initial.from else {
            return try recipe.model.configuration(tokenizerVocabularySize: vocabularySize)
        }
        var configuration = try StoredModelFormat.open(directory).model
        configuration.dropoutRate = Float(recipe.model.dropoutRate)
        return configuration
    }

    func plan(_ recipe: TrainingRecipe, _ model: DecoderConfiguration) throws -> ParameterPlan {
        try ParameterPlan(freezing: recipe, model)
    }

    func source(_ recipe: TrainingRecipe) throws -> any BatchSource {
        RandomSource(
            globalBatchSize: recipe.train.globalBatchSize, sequenceLength: recipe.sequenceLength,
            sequenceCount: Self.windowCount, vocabularySize: vocabularySize)
    }

    func validationLoss(_ recipe: TrainingRecipe) throws -> ValidationLoss? { nil }

    func objective(_ model: LanguageModel) -> any Objective { NextTokenObjective(model: model) }

    func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles {
        CheckpointFiles(
            tokenizerJSON: [], tokenizerConfigurationJSON: [], endOfTextIDs: [], recipe: recipeText)
    }

    func shownSequence(
        _ number: Int, ofStep step: Int, _ recipe: TrainingRecipe
    ) throws -> ShownSequence {
        ShownSequence(place: description, text: "")
    }
}

/// Batches of random tokens.
struct RandomSource: BatchSource {
    let globalBatchSize: Int
    let sequenceLength: Int
    let sequenceCount: Int
    let vocabularySize: Int

    func batch(step: Int, sequences: Range<Int>) throws -> TokenBatch {
        TokenBatch(windowCount: sequences.count, sequenceLength: sequenceLength) {
            sequence, tokens in
            let first = (step * globalBatchSize + sequences.lowerBound + sequence) &* 8191
            for index in tokens.indices {
                let mixed = UInt32(truncatingIfNeeded: first &+ index) &* 2_654_435_761
                tokens[index] = Int32(UInt64(mixed) * UInt64(vocabularySize) >> 32)
            }
        }
    }

    func place(step: Int, sequence: Int) -> String { "random tokens" }
}
