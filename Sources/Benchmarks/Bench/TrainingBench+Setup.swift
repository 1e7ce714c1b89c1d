import Collectives
import Datasets
import Diagnostics
import Models
import Objectives
import Runs
import Tensors
import Training

extension TrainingBench {
    /// A trainer's setup that keeps nothing: no metrics, checkpoints or validation.
    func makeSetup(
        _ configuration: DecoderConfiguration, _ shard: RandomShard, _ device: Device
    ) throws -> TrainerSetup {
        let batches = try communicator.agree { try source(shard) }
        let logger = try RunLog.logger(rank: communicator.rank)
        // Its line would stand in the report, which may be JSON.
        try MemoryCheck.run(
            TrainingSize(
                recipe, configuration, ParameterPlan(), isValidated: false,
                savesCheckpoints: false, communicator),
            over: communicator, RunLog.logger(rank: 1))
        let memory = try TrainingMemory.share(
            ParameterPlan().layout(of: configuration),
            tree: LaneTree(laneCount: recipe.train.lanes ?? communicator.worldSize), recipe.train,
            roundsWeights: recipe.training.multipliesBFloat16, over: communicator, logger)
        let train = recipe.train.settlingSharding(
            memory, worldSize: communicator.worldSize, logger)
        let model = LanguageModel(
            configuration, device: device, weights: memory?.weights.map(Tensor.init(over:)))
        let optimizer = AdamW(
            recipe.optimizer, train.optimizerSharding, parameters: model.parameters,
            memory: memory, over: communicator)
        if communicator.rank == 0 { model.initialize(seed: UInt64(recipe.seed)) }
        try optimizer.spreadParameters(in: memory, over: communicator)
        if recipe.training.multipliesBFloat16 {
            try optimizer.keepBFloat16(in: memory, over: communicator)
        }
        return TrainerSetup(
            communicator: communicator, model: model,
            objective: NextTokenObjective(model: model),
            optimizer: optimizer, memory: memory,
            source: batches, validation: nil,
            store: CheckpointStore(directory: ""),
            checkpointFiles: CheckpointFiles(
                tokenizerJSON: [], tokenizerConfigurationJSON: [], endOfTextID: nil, recipe: ""),
            seed: UInt64(recipe.seed), stepCount: Self.warmUpCount + stepCount,
            train: train, optimizerOptions: recipe.optimizer,
            checkpoint: recipe.checkpoint, evaluation: recipe.evaluate, metricsPath: nil,
            logger: logger,
            stopRequest: .never)
    }

    private func source(_ shard: RandomShard) throws -> WindowSource {
        WindowSource(
            stream: shard.stream,
            sampler: try WindowSampler(
                tokenCount: shard.stream.tokenCount, sequenceLength: recipe.training.sequenceLength,
                globalBatchSize: recipe.train.globalBatchSize, seed: UInt64(recipe.seed),
                order: .shuffled))
    }
}
