import Collectives
import Datasets
import Diagnostics
import Models
import TemporaryFolders
import Tensors
import Training

/// A model of, by default, a few hundred weights on tokens that repeat, trained in this process.
package struct TinyTraining {
    package let folder: TemporaryFolder
    package let model: any LanguageModel
    package let optimizer: AdamW
    package let store: CheckpointStore
    package let files = CheckpointFiles(
        tokenizerJSON: Array("{}".utf8), tokenizerConfigurationJSON: Array("{}".utf8),
        endOfTextID: nil, recipe: "name: tiny\n")

    /// On one rank, unless `laneCount` says otherwise.
    package static let laneCount = 2

    package var batchSize = 4
    package var microBatchSize = 2
    /// Nil: 2 on one rank, 4 on several.
    package var laneCount: Int?

    private static var keepingAll: CheckpointOptions {
        var options = CheckpointOptions()
        options.keepLast = 0
        // Each rank has a folder of its own.
        options.inputOutput = .gather
        return options
    }

    package init(embeddingSize: Int = 8, layerCount: Int = 1) throws {
        folder = try TemporaryFolder()
        model = GPT2(
            GPT2Configuration(
                vocabularySize: 11, contextLength: 8, embeddingSize: embeddingSize,
                layerCount: layerCount, headCount: 2, dropoutRate: 0),
            device: Device(threadCount: 1))
        model.initialize(seed: 1)
        optimizer = AdamW(OptimizerOptions(), parameters: model.parameters)
        store = CheckpointStore(directory: folder.path)
    }

    /// Saves the weights as they are as the checkpoint of `step`.
    package func save(step: Int) throws {
        let saver = CheckpointSaver(
            model, optimizer, store: store, files: files, options: Self.keepingAll,
            over: SingleProcess())
        try saver.begin(TrainerState(step: step, updateCount: step, laneCount: 1))
        try saver.finish()
    }

    /// Trains to the end and saves there.
    package func train(
        on objective: any Objective, steps: Int, maximumSkippedSteps: Int,
        checkpointEverySteps: Int = 0, over communicator: any Communicator = SingleProcess()
    ) throws -> Trainer.Outcome {
        var train = TrainOptions()
        (train.globalBatchSize, train.microBatchSize) = (batchSize, microBatchSize)
        train.maximumSkippedSteps = maximumSkippedSteps
        var checkpoint = Self.keepingAll
        checkpoint.everySteps = checkpointEverySteps
        let stream = try stream()
        let setup = TrainerSetup(
            communicator: communicator, model: model, objective: objective,
            optimizer: optimizer,
            source: WindowSource(
                stream: stream,
                sampler: try WindowSampler(
                    tokenCount: stream.tokenCount, sequenceLength: 8, globalBatchSize: batchSize,
                    seed: 1, isShuffled: true)),
            validation: nil, store: store, checkpointFiles: files, seed: 1, stepCount: steps,
            train: train, optimizerOptions: OptimizerOptions(), checkpoint: checkpoint,
            evaluation: EvaluationOptions(),
            metricsPath: communicator.rank == 0 ? folder("metrics.jsonl") : nil,
            logger: try RunLog.logger(rank: 1), stopRequest: StopRequest(signals: []))
        let laneCount = laneCount ?? (communicator.worldSize == 1 ? Self.laneCount : 4)
        return try Trainer(setup, state: TrainerState(laneCount: laneCount)).run()
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
