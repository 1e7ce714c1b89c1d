import Training

extension Recipe {
    /// What a training of this run's own blocks has to know; see `fineTuning` for that of a fine-tuning.
    package var training: TrainingRecipe {
        TrainingRecipe(
            seed: seed, output: output, data: data, model: model, initial: initial, train: train,
            optimizer: optimizer, checkpoint: checkpoint, evaluate: evaluate)
    }
}
