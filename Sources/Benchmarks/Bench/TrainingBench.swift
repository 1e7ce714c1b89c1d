import Collectives
import Foundation
import Machine
import Models
import Runs
import Tensors
import Training

/// Training steps on random tokens, by the trainer of every run.
package struct TrainingBench {
    package let recipe: Recipe
    package let stepCount: Int
    package let communicator: any Communicator
    package let effort: DoctorEffort

    package init(
        recipe: Recipe, stepCount: Int, communicator: any Communicator, effort: DoctorEffort
    ) {
        self.recipe = recipe
        self.stepCount = stepCount
        self.communicator = communicator
        self.effort = effort
    }

    /// The first step touches all memory, the second knows the sizes.
    static let warmUpCount = 2

    /// - Throws: `AgreedFailure` where the ranks cannot train together.
    package func run() throws -> TrainingBenchReport { try run(on: makeCompute()) }

    /// Collective.
    func makeCompute() throws -> ComputeResources {
        try ComputeResources.agree(
            threadsPerRank: recipe.train.threadsPerRank,
            mayOversubscribe: recipe.train.oversubscribe, over: communicator)
    }

    /// - Throws: `AgreedFailure` where the ranks cannot train together.
    func run(on compute: ComputeResources) throws -> TrainingBenchReport {
        let configuration = try communicator.agree {
            try recipe.model.configuration(tokenizerVocabularySize: 1)
        }
        let steps = try measure(configuration, compute)
        // After training, whose memory is free again by now.
        let peaks = try BenchPeaks.measure(compute, over: communicator, effort: effort)
        return TrainingBenchReport(
            recipe: recipe, configuration: configuration, steps: steps,
            worldSize: communicator.worldSize, threadsPerRank: compute.threadCount,
            kernels: compute.kernels, peaks: peaks)
    }

    func measure(
        _ configuration: DecoderConfiguration, _ compute: ComputeResources
    ) throws -> MeasuredSteps {
        let device = compute.makeDevice()
        let shard = try communicator.agree { try makeShard(configuration) }
        let setup = try makeSetup(configuration, shard, device)
        let trainer = try Trainer(
            setup, state: TrainerState(laneCount: recipe.train.lanes ?? 1))
        var times: [StepTimes] = []
        var loss = 0.0
        var proportionalBytes = 0
        for step in 0..<Self.warmUpCount + stepCount {
            try communicator.barrier()
            let start = ContinuousClock.now
            let done = try trainer.advance()
            let total = (ContinuousClock.now - start) / .seconds(1)
            loss = done.gradient.loss
            proportionalBytes = max(proportionalBytes, SystemFile.proportionalBytes ?? 0)
            guard step >= Self.warmUpCount else { continue }
            times.append(
                StepTimes(
                    done.clock, total: total, operations: device.operations,
                    worldSize: communicator.worldSize))
        }
        try setup.optimizer.completeParameters()
        try setup.outer?.settle()
        try setup.outer?.release()
        try setup.memory?.shared.release()
        return MeasuredSteps(
            cost: ModelCost(
                configuration, parameterCount: setup.model.parameters.parameterCount),
            loss: loss, times: try shared(times),
            proportionalBytes: try communicator.allGather([Int64(proportionalBytes)]).map(Int.init),
            residentBytes: try communicator.allGather([Int64(LapClock.peakMemoryBytes)])
                .map(Int.init))
    }

    /// A step takes as long as on its slowest rank; its parts are the averages of the ranks.
    private func shared(_ times: [StepTimes]) throws -> [StepTimes] {
        let totals = try communicator.allReduce(times.map(\.total), .maximum)
        let sums = try communicator.allReduce(
            times.flatMap { $0.parts + [$0.hiddenCommunication] }, .sum)
        let averages = sums.map { $0 / Double(communicator.worldSize) }
        let count = StepPart.measured.count
        return totals.enumerated().map { step, total in
            let first = step * (count + 1)
            return StepTimes(
                total: total, parts: Array(averages[first..<first + count]),
                hiddenCommunication: averages[first + count])
        }
    }

    /// Windows for all steps, at most 16 million tokens; then they come again.
    private func makeShard(_ configuration: DecoderConfiguration) throws -> RandomShard {
        let tokensInStep = recipe.train.globalBatchSize * recipe.training.sequenceLength
        let steps = min(Self.warmUpCount + stepCount, max(1, (1 << 24) / tokensInStep))
        return try RandomShard(
            tokenCount: steps * tokensInStep + 1, vocabularySize: configuration.vocabularySize,
            seed: UInt64(recipe.seed))
    }
}

/// What the machine gives all ranks at once, as sums over the ranks.
struct BenchPeaks: Equatable {
    /// GFLOP/s.
    package var fma: Double
    /// GFLOP/s of fp32 products.
    package var sgemm: Double
    /// GFLOP/s of bf16 products; nil where a rank has no instructions for them.
    package var bfloat16: Double?
    /// GB/s, read and written.
    var copyGBPerSecond: Double

    package static func measure(
        _ compute: ComputeResources, over communicator: any Communicator, effort: DoctorEffort
    ) throws -> BenchPeaks {
        let own = try RankSpeed.measure(
            on: compute.makeDevice(), host: ProcessInfo.processInfo.hostName,
            kernels: compute.kernels, effort: effort, barrier: communicator.barrier)
        let sums = try communicator.allReduce(
            [own.gflops, own.sgemmGFLOPS, own.bfloat16GFLOPS ?? .nan, own.copyGBPerSecond], .sum)
        return BenchPeaks(
            fma: sums[0], sgemm: sums[1], bfloat16: sums[2].isNaN ? nil : sums[2],
            copyGBPerSecond: sums[3])
    }
}
