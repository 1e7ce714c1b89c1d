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
        let islands = try Islands.split(communicator, count: recipe.train.islands)
        let replica = islands?.own ?? communicator
        // Its line would stand in the report, which may be JSON.
        let size = TrainingSize(
            recipe, configuration, ParameterPlan(), isValidated: false, savesCheckpoints: false,
            communicator, islands)
        try MemoryCheck.run(size, over: replica, RunLog.logger(rank: 1))
        let laneCount = recipe.train.lanes ?? communicator.worldSize
        let memory = try TrainingMemory.share(
            ParameterPlan().layout(of: configuration),
            tree: LaneTree(laneCount: islands?.lanes(of: laneCount).count ?? laneCount),
            recipe.train, roundsWeights: recipe.training.multipliesBFloat16,
            ring: size.gradientRing, over: replica, logger)
        let train = recipe.train.settlingSharding(memory, worldSize: replica.worldSize, logger)
        let model = LanguageModel(
            configuration, device: device, weights: memory?.weights.map(Tensor.init(over:)))
        let optimizer = Optimizer(
            recipe.optimizer, train.optimizerSharding, parameters: model.parameters,
            hidden: configuration.linearModules, memory: memory, over: replica)
        if replica.rank == 0 { model.initialize(seed: UInt64(recipe.seed)) }
        try optimizer.spreadParameters(in: memory, over: replica)
        if recipe.training.multipliesBFloat16 {
            try optimizer.keepBFloat16(in: memory, over: replica)
        }
        var setup = TrainerSetup(
            communicator: communicator, model: model,
            objective: NextTokenObjective(model: model),
            optimizer: optimizer, memory: memory,
            source: batches, validation: nil,
            store: CheckpointStore(directory: ""),
            checkpointFiles: CheckpointFiles(
                tokenizerJSON: [], tokenizerConfigurationJSON: [], endOfTextIDs: [], recipe: ""),
            seed: UInt64(recipe.seed), stepCount: Self.warmUpCount + stepCount,
            train: train, optimizerOptions: recipe.optimizer,
            checkpoint: recipe.checkpoint, evaluation: recipe.evaluate, metrics: nil,
            logger: logger,
            stopRequest: .never)
        setup.islands = islands
        // No step is the last of a run, after which all fragments would meet.
        if islands != nil { setup.stepCount += 1 }
        try setup.beginOuterSteps(recipe.outer)
        return setup
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
