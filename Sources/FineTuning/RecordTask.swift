import Collectives
import Models
import Training

/// Fine-tuning of a model on the records of files, which every rank reads for itself.
package protocol RecordTask: TrainingTask {
    /// The model that is tuned.
    var base: FineTuneBase { get }
    /// The files that are read.
    var files: [String] { get }
    /// The classes that the model tells apart; nil for one that writes text.
    var classCount: Int? { get }
}

extension RecordTask {
    package var classCount: Int? { nil }

    package var inputs: RankInputs {
        get throws { try RankInputs(files: files) + RankInputs(base.tokenizer, at: base.directory) }
    }

    package func configuration(_ recipe: TrainingRecipe) -> DecoderConfiguration {
        base.configuration
    }

    package func plan(_ recipe: TrainingRecipe, _ model: DecoderConfiguration) throws
        -> ParameterPlan
    {
        try base.plan(recipe, classCount: classCount)
    }
}
