import Collectives
import Datasets
import Diagnostics
import Evaluation
import Models
import Objectives
import Options

/// What a run trains a model to do, from which data: what differs between pretraining and the kinds of
/// fine-tuning.
package protocol TrainingTask {
    /// What the data is, for the log.
    var description: String { get }
    /// What of the data is not used as it was given.
    var warnings: [String] { get }

    /// The files that each rank reads for itself.
    var inputs: RankInputs { get throws }

    /// The architecture and sizes of the model.
    func configuration(_ recipe: TrainingRecipe) throws -> DecoderConfiguration
    /// What is trained, and what stands beside the tensors of the architecture.
    func plan(_ recipe: TrainingRecipe, _ model: DecoderConfiguration) throws -> ParameterPlan
    /// From a recipe that leaves nothing open.
    func source(_ recipe: TrainingRecipe) throws -> any BatchSource
    /// Nil where nothing is validated.
    func validationLoss(_ recipe: TrainingRecipe) throws -> ValidationLoss?
    func objective(_ model: LanguageModel) -> any Objective
    func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles
    /// What the model saw there; `step` counts from 0.
    func shownSequence(_ number: Int, ofStep step: Int, _ recipe: TrainingRecipe) throws
        -> ShownSequence
}

/// A sequence of a batch, for people.
package struct ShownSequence {
    /// Where it comes from.
    package let place: String
    package let text: String

    package init(place: String, text: String) {
        (self.place, self.text) = (place, text)
    }
}

extension ParameterPlan {
    /// All of the architecture but what `train.freeze` names.
    ///
    /// - Throws: a usage `Failure` where a pattern fits nothing, or nothing is left to train.
    package init(freezing recipe: TrainingRecipe, _ model: DecoderConfiguration) throws {
        let patterns = recipe.train.freeze.map(NamePattern.init)
        let names = model.tensorShapes.map(\.name)
        try NamePattern.require(patterns, toMatchIn: names, key: "train.freeze")
        self.init { name in !patterns.contains { $0.matches(name) } }
        guard names.contains(where: trainsBase) else {
            throw Failure(
                FailureText("\(key: "train.freeze") leaves nothing to train"),
                got: "\(recipe.train.freeze.optionValue)",
                remedy: "freeze less", kind: .usage)
        }
    }

    /// Throws a usage `Failure` where the pattern of a factor of the learning rate fits nothing.
    package func check(_ optimizer: OptimizerOptions, of model: DecoderConfiguration) throws {
        let factors = try optimizer.learningRateFactors.map(LearningRateFactor.init)
        try NamePattern.require(
            factors.map(\.pattern), toMatchIn: tensorShapes(of: model).map(\.name),
            key: "optimizer.learning_rate_factors")
    }
}
