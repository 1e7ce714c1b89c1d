import Diagnostics
import Training

/// A recipe with a warm-up that fits its length, and a note where that changed it.
typealias FittedRecipe = (recipe: Recipe, note: String?)

extension Recipe {
    /// The recipe with a warm-up that fits a length which an override gave, and a note of the
    /// change.
    ///
    /// The recipe's own warm-up was meant for its own length, whichever key gave that: only the
    /// data show how many steps either is.
    func fittingWarmup(to task: any TrainingTask) throws -> FittedRecipe {
        guard let replaced = train.replacedLength else { return (self, nil) }
        var recipe = self
        recipe.train.replacedLength = nil
        let new = try recipe.stepCount(task)
        var before = recipe
        before.train.length = replaced
        let (warmup, old) = (optimizer.warmupSteps, try before.stepCount(task))
        guard recipe.optimizer.shortenWarmup(from: old, to: new) else { return (recipe, nil) }
        return (
            recipe,
            "the recipe's warm-up of \(warmup) steps becomes \(recipe.optimizer.warmupSteps), in "
                + "proportion: the run has \(Quantity.count(new, "step")) instead of \(old)"
        )
    }

    /// Throws a usage `Failure` where the warm-up is longer than the run.
    func checkWarmup(_ task: any TrainingTask) throws {
        try optimizer.validate(stepCount: stepCount(task), of: train)
    }

    private func stepCount(_ task: any TrainingTask) throws -> Int {
        var open = self
        open.train.sequenceLength =
            try train.sequenceLength ?? task.configuration(training).contextLength
        return try open.train.stepCount(windowCount: task.source(open.training).sequenceCount)
    }
}
