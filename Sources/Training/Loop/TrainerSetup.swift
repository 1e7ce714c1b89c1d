import Collectives
import Datasets
import Evaluation
import Logging
import Models
import Objectives
import Signals

/// The parts that a trainer works with; made once, before the first step.
package struct TrainerSetup {
    package var communicator: any Communicator
    /// The islands of the run; nil where all ranks train as one.
    package var islands: Islands?
    /// The outer steps of islands, made once the weights are loaded; nil without islands.
    package var outer: OuterOptimizer?
    package var model: LanguageModel
    package var objective: any Objective
    package var optimizer: Optimizer
    /// The memory that the ranks of a node share; nil where each has memory of its own.
    package var memory: TrainingMemory?
    package var source: any BatchSource
    /// What makes batches in the place of the source; nil where they are read.
    package var experience: (any Experience)?
    /// The measurement of the validation loss; nil where nothing is validated.
    package var validation: ValidationLoss?
    /// The tasks that are evaluated; nil where there are none.
    package var tasks: TaskSuite?
    /// What the model writes meanwhile; nil where it writes nothing.
    package var samples: TrainingSamples?
    package var store: CheckpointStore
    package var checkpointFiles: CheckpointFiles
    package var seed: UInt64
    /// Steps of the whole run, which the schedule spans.
    package var stepCount: Int
    package var train: TrainOptions
    package var optimizerOptions: OptimizerOptions
    package var checkpoint: CheckpointOptions
    /// The seconds that a checkpoint is expected to take, as long as none was saved; nil where nobody
    /// knows.
    package var saveSeconds: Double?
    package var evaluation: EvaluationOptions
    /// Where metrics are written; nil on every rank but the first.
    package var metrics: MetricsPlace?
    /// What else sees the metrics; on the first rank.
    package var watchers: [any MetricsSink] = []
    /// What those who watch want, on the first rank; nil where nobody can.
    package var wishes: RunWishes?
    /// What a run that learns is measured by; nil where nobody looks.
    package var signs: LearningSigns.Scale?
    package var logger: Logger
    package var stopRequest: StopRequest
    /// The board that the watchdog reads.
    package var board: ProgressBoard

    package init(
        communicator: any Communicator, model: LanguageModel, objective: any Objective,
        optimizer: Optimizer, memory: TrainingMemory? = nil, source: any BatchSource,
        validation: ValidationLoss?, store: CheckpointStore, checkpointFiles: CheckpointFiles,
        seed: UInt64, stepCount: Int, train: TrainOptions, optimizerOptions: OptimizerOptions,
        checkpoint: CheckpointOptions, evaluation: EvaluationOptions, metrics: MetricsPlace?,
        logger: Logger, stopRequest: StopRequest, board: ProgressBoard = ProgressBoard()
    ) {
        self.communicator = communicator
        self.model = model
        self.objective = objective
        self.optimizer = optimizer
        self.memory = memory
        self.source = source
        self.validation = validation
        self.store = store
        self.checkpointFiles = checkpointFiles
        self.seed = seed
        self.stepCount = stepCount
        self.train = train
        self.optimizerOptions = optimizerOptions
        self.checkpoint = checkpoint
        self.evaluation = evaluation
        self.metrics = metrics
        self.logger = logger
        self.stopRequest = stopRequest
        self.board = board
    }

    /// The ranks that train one replica together: all of them, or those of this island.
    var replica: any Communicator { islands?.own ?? communicator }

    /// The lanes of the replica, of those of the run.
    func lanes(of laneCount: Int) -> Range<Int> {
        islands?.lanes(of: laneCount) ?? 0..<laneCount
    }

    /// The sequences that each rank computes, of which this one names its own. Collective.
    func shares(_ own: Range<Int>) throws -> [Range<Int>] {
        let all = try communicator.allGather([Int64(own.lowerBound), Int64(own.upperBound)])
        return (0..<communicator.worldSize).map { Int(all[2 * $0])..<Int(all[2 * $0 + 1]) }
    }

    /// The step at which this start of the run ends.
    var lastStep: Int { min(stepCount, train.stopAfterSteps ?? .max) }
}
