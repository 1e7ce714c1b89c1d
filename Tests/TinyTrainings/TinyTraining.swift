import Collectives
import Datasets
import Diagnostics
import Evaluation
import Models
import Objectives
import TemporaryFolders
import Tensors
import Training

/// A model of, by default, a few hundred weights on tokens that repeat, trained in this process.
package struct TinyTraining {
    package let folder: TemporaryFolder
    package let model: LanguageModel
    package private(set) var optimizer: Optimizer
    package let store: CheckpointStore
    package let files = CheckpointFiles(
        tokenizerJSON: Array("{}".utf8), tokenizerConfigurationJSON: Array("{}".utf8),
        endOfTextIDs: [], recipe: "name: tiny\n")

    /// On one rank, unless `laneCount` says otherwise.
    package static let laneCount = 2

    package var batchSize = 4
    package var microBatchSize = 2
    /// Nil: 2 on one rank, 4 on several.
    package var laneCount: Int?
    /// Where the ranks have their gradients, and in which format those travel.
    package var nodeMemory = TrainOptions.NodeMemory.private
    package var gradientType = NumberFormat.fp32
    package var optimizerOptions = OptimizerOptions()
    /// The memory of the weights and gradients; nil where `train` takes some for gradients.
    private var memory: TrainingMemory?

    private static var keepingAll: CheckpointOptions {
        var options = CheckpointOptions()
        options.keepLast = 0
        // Each rank has a folder of its own.
        options.inputOutput = .gather
        return options
    }

    package init(embeddingSize: Int = 8, layerCount: Int = 1) throws {
        folder = try TemporaryFolder()
        model = LanguageModel(
            Self.configuration(embeddingSize: embeddingSize, layerCount: layerCount),
            device: Device(threadCount: 1))
        model.initialize(seed: 1)
        optimizer = Optimizer(OptimizerOptions(), parameters: model.parameters)
        store = CheckpointStore(directory: folder.path)
    }

    /// One lane a rank, of one micro-batch, with one copy of the weights and of the optimizer's state on
    /// each host of `communicator`.
    ///
    /// - Parameter ring: makes the ring in which the gradients lie, from the blocks and the buckets; nil for
    ///   gradients that all have memory of their own.
    package init(
        embeddingSize: Int, layerCount: Int, _ options: OptimizerOptions,
        ring: (([Range<Int>], GradientBuckets) -> GradientRing?)?,
        over communicator: any Communicator
    ) throws {
        folder = try TemporaryFolder()
        let configuration = Self.configuration(
            embeddingSize: embeddingSize, layerCount: layerCount)
        let plan = ParameterPlan()
        let layout = plan.layout(of: configuration)
        let buckets = GradientBuckets(
            parameterCount: layout.trainedCount, hosts: communicator.hosts)
        var train = TrainOptions()
        train.optimizerSharding = .zero1
        memory = try TrainingMemory.share(
            layout, tree: LaneTree(laneCount: communicator.worldSize), train,
            roundsWeights: false,
            ring: ring.flatMap { $0(plan.blocks(of: configuration), buckets) },
            over: communicator, try RunLog.logger(rank: 1))
        model = LanguageModel(
            configuration, device: Device(threadCount: 1),
            weights: memory?.weights.map(Tensor.init(over:)))
        if communicator.rank == 0 { model.initialize(seed: 1) }
        optimizer = Optimizer(
            options, .zero1, parameters: model.parameters, memory: memory, over: communicator)
        try optimizer.spreadParameters(in: memory, over: communicator)
        store = CheckpointStore(directory: folder.path)
        optimizerOptions = options
        (batchSize, laneCount) = (2 * communicator.worldSize, communicator.worldSize)
    }

    private static func configuration(
        embeddingSize: Int, layerCount: Int
    ) -> DecoderConfiguration {
        .gpt2(
            vocabularySize: 11, contextLength: 8, embeddingSize: embeddingSize,
            layerCount: layerCount, headCount: 2, dropoutRate: 0)
    }

    /// The ring in which the gradients lie.
    package var ring: GradientRing? { memory?.ring }

    /// Releases the memory that ranks share.
    package func release() throws { try memory?.shared.release() }

    /// Shares the state of the optimizer out among the ranks, whose weights are their own.
    package mutating func shard(over communicator: any Communicator) {
        optimizer = Optimizer(
            OptimizerOptions(), .zero1, parameters: model.parameters, memory: nil,
            over: communicator)
    }

    /// Saves the weights as they are as the checkpoint of `step`.
    package func save(step: Int) throws {
        let saver = CheckpointSaver(
            model, optimizer.state, store: store, files: files, options: Self.keepingAll,
            over: SingleProcess())
        try saver.begin(TrainerState(step: step, updateCount: step, laneCount: 1))
        try saver.finish()
    }

    /// Trains to the end and saves there.
    package func train(
        on objective: any Objective, steps: Int, maximumSkippedSteps: Int,
        checkpointEverySteps: Int = 0, over communicator: any Communicator = SingleProcess()
    ) throws -> Trainer.Outcome {
        let laneCount = laneCount ?? (communicator.worldSize == 1 ? Self.laneCount : 4)
        var setup = try setup(objective, laneCount: laneCount, over: communicator)
        setup.stepCount = steps
        setup.train.maximumSkippedSteps = maximumSkippedSteps
        setup.checkpoint.everySteps = checkpointEverySteps
        let outcome = try Trainer(setup, state: TrainerState(laneCount: laneCount)).run()
        if memory == nil { try setup.memory?.shared.release() }
        return outcome
    }

    private func setup(
        _ objective: any Objective, laneCount: Int, over communicator: any Communicator
    ) throws -> TrainerSetup {
        var train = TrainOptions()
        (train.globalBatchSize, train.microBatchSize) = (batchSize, microBatchSize)
        (train.nodeMemory, train.gradientType) = (nodeMemory, gradientType)
        train.optimizerSharding = memory == nil ? .none : .zero1
        let (stream, logger) = (try stream(), try RunLog.logger(rank: 1))
        return TrainerSetup(
            communicator: communicator, model: model, objective: objective,
            optimizer: optimizer,
            memory: try memory
                ?? TrainingMemory.share(
                    model.parameters.layout,
                    tree: LaneTree(laneCount: laneCount), train, roundsWeights: false,
                    over: communicator, logger),
            source: WindowSource(
                stream: stream,
                sampler: try WindowSampler(
                    tokenCount: stream.tokenCount, sequenceLength: 8, globalBatchSize: batchSize,
                    seed: 1, order: .shuffled)),
            validation: nil, store: store, checkpointFiles: files, seed: 1, stepCount: 1,
            train: train, optimizerOptions: optimizerOptions, checkpoint: Self.keepingAll,
            evaluation: EvaluationOptions(),
            metrics: communicator.rank == 0 ? MetricsPlace(directory: folder.path) : nil,
            logger: logger, stopRequest: .never)
    }

    private func stream() throws -> TokenStream {
        let attributes = TokenShardAttributes(
            tokenizerName: "character", tokenizerSHA256: "aa", vocabularySize: 11,
            endOfTextID: nil, sourceSHA256: "bb")
        try TokenShardWriter.write(to: folder("train-00000.h5"), attributes: attributes) { shard in
            try shard.append((0..<500).map { Int32($0 % 11) })
            try shard.endDocument()
        }
        return try TokenStream(paths: [folder("train-00000.h5")])
    }
}
