import Collectives
import Datasets
import Evaluation
import Models
import Objectives
import Tensors
import Training

/// A task with another number of layers, which are alike: what one costs is seen from a few.
struct ShallowTask: TrainingTask {
    let base: any TrainingTask
    let layerCount: Int

    var description: String { base.description }
    var warnings: [String] { base.warnings }
    var inputs: RankInputs { get throws { try base.inputs } }

    func configuration(_ recipe: TrainingRecipe) throws -> DecoderConfiguration {
        var configuration = try base.configuration(recipe)
        configuration.layerCount = layerCount
        return configuration
    }

    func plan(_ recipe: TrainingRecipe, _ model: DecoderConfiguration) throws -> ParameterPlan {
        let full = try base.plan(recipe, try base.configuration(recipe))
        var plan =
            try full.lora.map { try ParameterPlan(lora: $0, of: model) }
            ?? ParameterPlan(trainsBase: full.trainsBase)
        (plan.classCount, plan.hasValueHead) = (full.classCount, full.hasValueHead)
        return plan
    }

    func source(_ recipe: TrainingRecipe) throws -> any BatchSource { try base.source(recipe) }
    func validationLoss(_ recipe: TrainingRecipe) throws -> ValidationLoss? { nil }
    func objective(_ model: LanguageModel) -> any Objective { base.objective(model) }
    var computesByRow: Bool { base.computesByRow }

    func checkpointFiles(
        _ configuration: DecoderConfiguration, recipeText: String
    ) throws -> CheckpointFiles {
        try base.checkpointFiles(configuration, recipeText: recipeText)
    }

    func shownSequence(
        _ number: Int, ofStep step: Int, _ recipe: TrainingRecipe
    ) throws -> ShownSequence {
        try base.shownSequence(number, ofStep: step, recipe)
    }
}
