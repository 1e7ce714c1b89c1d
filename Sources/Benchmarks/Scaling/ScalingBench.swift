import Collectives
import Diagnostics
import Models
import Runs
import Tensors
import Training

/// A training step that is measured and predicted, and from the same figures a table of clusters that are
/// not here.
package struct ScalingBench {
    package let training: TrainingBench

    package init(_ training: TrainingBench) { self.training = training }

    package func run() throws -> ScalingReport {
        let communicator = training.communicator
        let compute = try training.makeCompute()
        let report = try training.run(on: compute)
        let passSeconds = try passSeconds(report, compute)
        let link = try LinkSpeed.measure(on: compute.makeDevice(), over: communicator)
        let ranksPerNode = communicator.hosts.neighbourCountOfFirst
        let (recipe, step) = (report.recipe, report.step)
        let rankTokens = report.tokensInStep / communicator.worldSize
        let work = StepWork(
            parameterCount: report.steps.cost.parameterCount,
            flopsPerToken: report.steps.cost.trainingFLOPs(
                sequenceLength: recipe.training.sequenceLength),
            tokenCount: report.tokensInStep,
            lastPassTokenCount: recipe.train.microBatchSize * recipe.training.sequenceLength,
            gradientSize: recipe.train.gradientType == .bf16 ? 2 : 4,
            copiesPerNode: Self.sharesWeights(recipe.train) ? 1 : ranksPerNode,
            isSharded: Self.isSharded(recipe.train, ranksPerNode: ranksPerNode),
            edgeShare: report.steps.cost.tokenTableShare)
        let nodeShare = Double(ranksPerNode) / Double(communicator.worldSize)
        let productRate = report.gemmPeak * 1e9
        let passes = Double(rankTokens) * work.flopsPerToken / passSeconds
        let figures = ClusterFigures(
            nodeCount: communicator.hosts.count, ranksPerNode: ranksPerNode,
            productRate: productRate * nodeShare,
            passEfficiency: passes * Double(communicator.worldSize) / productRate,
            memoryRate: report.peaks.copyGBPerSecond * 1e9 * nodeShare,
            latency: link?.latency ?? ScalingTable.usualLatency,
            linkRate: link?.bytesPerSecond ?? .infinity,
            overlap: link?.overlap ?? ScalingTable.usualOverlap)
        return ScalingReport(
            measuredSeconds: step.total, work: work, figures: figures,
            isLinkMeasured: link != nil, threadsPerRank: report.threadsPerRank,
            precision: recipe.precisionInUse)
    }

    /// Whether the ranks of a node update one copy of the weights, or its parts, together.
    private static func sharesWeights(_ train: TrainOptions) -> Bool {
        switch train.optimizerSharding {
        case .auto: train.nodeMemory == .shared
        case .none: false
        case .zero1: true
        }
    }

    /// Whether each rank updates a part of the parameters; see `TrainOptions.OptimizerSharding.auto`.
    private static func isSharded(_ train: TrainOptions, ranksPerNode: Int) -> Bool {
        switch train.optimizerSharding {
        case .auto: train.nodeMemory == .shared && ranksPerNode > 1
        case .none: false
        case .zero1: true
        }
    }

    /// The seconds of a step in which a rank computes its passes, on average, while no rank waits for
    /// messages: all train their parts of the batch apart, at the same time. Collective.
    private func passSeconds(
        _ report: TrainingBenchReport, _ compute: ComputeResources
    ) throws -> Double {
        let communicator = training.communicator
        guard communicator.worldSize > 1 else { return Self.passSeconds(report.step) }
        var recipe = report.recipe
        recipe.train.globalBatchSize /= communicator.worldSize
        recipe.train.lanes = 1
        recipe.train.islands = 1
        let apart = TrainingBench(
            recipe: recipe, stepCount: training.stepCount,
            communicator: try communicator.split(color: communicator.rank),
            effort: training.effort)
        try communicator.barrier()
        let steps = try apart.measure(report.configuration, compute)
        let own = Self.passSeconds(steps.times.median)
        return try communicator.allReduce([own], .sum)[0] / Double(communicator.worldSize)
    }

    /// The seconds of a step in which a rank computes its passes.
    private static func passSeconds(_ step: StepTimes) -> Double {
        step.shares.reduce(0) { sum, share in
            switch share.part {
            case .operation(.optimizer), .exposedCommunication, .data: sum
            default: sum + share.seconds
            }
        }
    }
}

extension HostMap {
    /// Ranks of the first node.
    fileprivate var neighbourCountOfFirst: Int { ranks[0].count }
}
