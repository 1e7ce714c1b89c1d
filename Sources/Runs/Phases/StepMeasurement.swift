import Collectives
import Diagnostics
import Foundation
import Models
import Signals
import Training

/// Some steps of a training, with few layers and passes, from which the seconds of a whole one follow: all
/// layers cost the same, and so do all passes.
struct StepMeasurement {
    let phase: TrainingPhase
    /// The recipe of the run, with nothing left open.
    let recipe: Recipe
    let task: any TrainingTask
    let configuration: DecoderConfiguration
    /// Threads of the rank that has the fewest.
    let threadCount: Int
    /// Seconds after which no further step is measured at a number of layers.
    let patience: Double

    /// The first step touches all memory, the second knows the sizes.
    private static let warmUpCount = 2
    /// Steps of which the median counts: no more than these, and no fewer than those.
    private static let (mostSteps, fewestSteps) = (5, 2)
    /// FLOPs that a thread does at least in a second, and the seconds that a measured step may take by it.
    private static let (usualRate, longestStep) = (1e11, 0.6)

    /// The seconds that the steps of a run take at the usual rate.
    func usualSeconds(ofSteps count: Int) -> Double {
        let tokens = Double(recipe.train.globalBatchSize) / Double(communicator.worldSize)
        let length = Double(recipe.training.sequenceLength)
        return Double(count) * tokens * length * flopsOfToken(layers: configuration.layerCount)
            / (Self.usualRate * Double(threadCount))
    }

    private var communicator: any Communicator { phase.communicator }

    /// The seconds of a step. Collective.
    func run() throws -> StepSeconds {
        let size = size
        let whole = configuration.layerCount
        let counts = flops(size, layers: whole) <= limit ? [whole] : [1, min(3, whole)]
        let depths = Array(Set(counts)).sorted()
        let times = try depths.map { try seconds(size, layers: $0) }
        let (low, high) = (times[0], times[times.count - 1])
        let span = Double(max(1, depths[depths.count - 1] - depths[0]))
        let more = Double(whole - depths[depths.count - 1])
        func extended(_ part: KeyPath<StepSeconds, Double>) -> Double {
            let layer = max(0, high[keyPath: part] - low[keyPath: part]) / span
            return high[keyPath: part] + more * layer
        }
        return StepSeconds(
            compute: extended(\.compute) * size.passScale,
            reduce: extended(\.reduce), update: extended(\.update), rest: high.rest)
    }

    /// FLOPs of a rank in a step that may be measured.
    private var limit: Double {
        Self.usualRate * Double(threadCount) * Self.longestStep
    }

    private func flops(_ size: MeasuredSize, layers: Int) -> Double {
        Double(size.sequencesOfRank * recipe.training.sequenceLength)
            * flopsOfToken(layers: layers)
    }

    /// Forward and backward: 6 for each weight, and attention.
    private func flopsOfToken(layers: Int) -> Double {
        var model = configuration
        model.layerCount = layers
        let weights = model.tensorShapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
        let length = recipe.training.sequenceLength
        return Double(6 * weights + 12 * layers * model.embeddingSize * length)
    }

    /// The largest size of which a step with one layer may be measured: of smaller micro-batches, then of
    /// fewer of them.
    private var size: MeasuredSize {
        var size = MeasuredSize(recipe, worldSize: communicator.worldSize)
        while size.microBatchSize > 1, flops(size, layers: 1) > limit { size.microBatchSize /= 2 }
        if flops(size, layers: 1) > 2 * limit { size.takeOnePass() }
        return size
    }

    private func seconds(_ size: MeasuredSize, layers: Int) throws -> StepSeconds {
        let recipe = size.applied(to: recipe)
        let logger = try RunLog.logger(rank: 1)
        let setup = try phase.makeSetup(
            recipe, ShallowTask(base: task, layerCount: layers), metrics: nil, .never, logger)
        let weights = InitialWeights(model: setup.model, seed: setup.seed)
        try communicator.agree {
            if communicator.rank == 0 { try weights.load(from: nil, adapters: nil) }
        }
        try setup.optimizer.spreadParameters(in: setup.memory, over: communicator)
        if recipe.training.multipliesBFloat16 {
            try setup.optimizer.keepBFloat16(in: setup.memory, over: communicator)
        }
        let trainer = try Trainer(
            setup, state: TrainerState(laneCount: recipe.train.lanes ?? communicator.worldSize))
        let times = try measure(trainer)
        try setup.optimizer.completeParameters()
        try setup.memory?.shared.release()
        let measured = times.dropFirst(Self.warmUpCount).sorted { $0.total < $1.total }
        return measured[measured.count / 2]
    }

    /// Some steps, which all ranks make as long as the slowest of them has patience.
    private func measure(_ trainer: Trainer) throws -> [StepSeconds] {
        var (times, sum): ([StepSeconds], Double) = ([], 0)
        while times.count < Self.warmUpCount + Self.fewestSteps
            || times.count < Self.warmUpCount + Self.mostSteps && sum < patience
        {
            try communicator.barrier()
            let start = ContinuousClock.now
            let clock = try trainer.advance().clock
            times.append(try slowest(clock, total: (ContinuousClock.now - start) / .seconds(1)))
            sum += times[times.count - 1].total
        }
        return times
    }

    /// The average parts of the ranks, with what they leave of the longest step.
    private func slowest(_ clock: LapClock, total: Double) throws -> StepSeconds {
        let names = ["compute", "reduce", "update"]
        let own = names.map { clock.seconds[$0] ?? 0 }
        let total = try communicator.allReduce([total], .maximum)[0]
        let parts = try communicator.allReduce(own, .sum)
            .map { $0 / Double(communicator.worldSize) }
        return StepSeconds(
            compute: parts[0], reduce: parts[1], update: parts[2],
            rest: max(0, total - parts.reduce(0, +)))
    }
}

/// The batch of a measured step: of the same micro-batches, but no more of them than show what each costs.
private struct MeasuredSize {
    var microBatchSize: Int
    private var lanesOfRank: Int
    private var passesOfLane: Int
    private let worldSize: Int
    /// Sequences of a rank in a step of the run.
    private let wholeCount: Int

    init(_ recipe: Recipe, worldSize: Int) {
        let train = recipe.train
        let laneCount = train.lanes ?? worldSize
        let laneSize = max(1, train.globalBatchSize / laneCount)
        microBatchSize = min(train.microBatchSize, laneSize)
        let (lanes, passes) = (laneCount / worldSize, (laneSize - 1) / microBatchSize + 1)
        lanesOfRank = min(2, max(1, lanes))
        passesOfLane = lanes > 1 ? 1 : min(2, passes)
        self.worldSize = worldSize
        wholeCount = train.globalBatchSize / worldSize
    }

    mutating func takeOnePass() { (lanesOfRank, passesOfLane) = (1, 1) }

    var sequencesOfRank: Int { lanesOfRank * passesOfLane * microBatchSize }

    /// How many times the passes of a step of the run take what those of a measured one take.
    var passScale: Double { Double(wholeCount) / Double(sequencesOfRank) }

    func applied(to recipe: Recipe) -> Recipe {
        var recipe = recipe
        recipe.train.lanes = lanesOfRank * worldSize
        recipe.train.microBatchSize = microBatchSize
        recipe.train.globalBatchSize = sequencesOfRank * worldSize
        recipe.train.islands = 1
        recipe.train.profileSteps = 0
        recipe.checkpoint.keepBest = false
        return recipe
    }
}
