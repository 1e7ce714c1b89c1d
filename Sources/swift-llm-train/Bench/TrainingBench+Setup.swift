import Datasets
import Diagnostics
import Models
import Tensors
import Training

extension TrainingBench {
    /// A trainer's setup that keeps nothing: no metrics, checkpoints or validation.
    func makeSetup(
        _ configuration: GPT2Configuration, _ shard: RandomShard, _ device: Device
    ) throws -> TrainerSetup {
        let sampler = try communicator.agree {
            try WindowSampler(
                tokenCount: shard.stream.tokenCount, sequenceLength: recipe.sequenceLength,
                globalBatchSize: recipe.train.globalBatchSize, seed: UInt64(recipe.seed),
                isShuffled: true)
        }
        let model = GPT2(configuration, device: device)
        // A function of the seed alone: all ranks draw the same weights.
        model.initialize(seed: UInt64(recipe.seed))
        if recipe.multipliesBFloat16 { model.parameters.keepBFloat16() }
        return TrainerSetup(
            communicator: communicator, model: model,
            objective: NextTokenObjective(model: model),
            optimizer: recipe.makeOptimizer(for: model.parameters, over: communicator),
            stream: shard.stream, sampler: sampler, validation: nil,
            store: CheckpointStore(directory: ""),
            checkpointFiles: CheckpointFiles(
                tokenizerJSON: [], tokenizerConfigurationJSON: [], endOfTextID: nil, recipe: ""),
            seed: UInt64(recipe.seed), stepCount: Self.warmUpCount + stepCount,
            train: recipe.train, optimizerOptions: recipe.optimizer,
            checkpoint: recipe.checkpoint, evaluation: recipe.evaluate, metricsPath: nil,
            logger: try RunLog.logger(rank: communicator.rank),
            stopRequest: StopRequest(signals: []))
    }
}
