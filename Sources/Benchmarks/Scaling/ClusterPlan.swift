import Collectives
import Diagnostics
import JSON
import Runs
import Training

/// A planned training on hosts that are not here: memory by the sizes of the real data structures, time from
/// the speeds that were measured here, for hosts as fast as this one.
package struct ClusterPlan: Sendable {
    package let hostCount: Int
    package let ranksPerHost: Int
    package let gigabits: Double
    package let prediction: StepPrediction
    /// The most that a node, and a rank of it, takes.
    package let nodeMemoryBytes: Int
    package let peakMemoryBytes: Int
    /// Bytes that leave the busiest node in a step.
    package let sentBytes: Int
    private let plan: RunPlan

    package var rankCount: Int { hostCount * ranksPerHost }
    package var finishSeconds: Double {
        Double(plan.stepCount - plan.firstStep) * prediction.total
    }

    /// - Parameter step: the seconds of a step that was measured here.
    /// - Throws: A usage `Failure` where the batch cannot be shared out among so many ranks.
    package init(
        _ plan: RunPlan, measured step: StepSeconds, hostCount: Int, ranksPerHost: Int,
        gigabits: Double
    ) throws {
        let rankCount = hostCount * ranksPerHost
        var size = plan.size
        guard size.train.globalBatchSize.isMultiple(of: rankCount) else {
            throw Failure(
                FailureText("\(key: "train.global_batch_size") cannot be shared out"),
                expected: "a multiple of \(rankCount) ranks", got: "\(size.train.globalBatchSize)",
                remedy: "take another batch, or other numbers of hosts and ranks", kind: .usage)
        }
        if size.laneCount < rankCount || !size.laneCount.isMultiple(of: rankCount) {
            size.laneCount = rankCount
        }
        size.hosts = HostMap(labels: (0..<rankCount).map { $0 / ranksPerHost })
        self.plan = plan
        (self.hostCount, self.ranksPerHost, self.gigabits) = (hostCount, ranksPerHost, gigabits)
        // The first node has what rank 0 has more than others; all others are alike.
        let nodes = try [0, hostCount - 1].map { try size.cost(ofNode: $0) }
        nodeMemoryBytes = (nodes.map(\.memory).max() ?? 0) + ranksPerHost * plan.ownBytes
        sentBytes = nodes.map(\.sentBytes).max() ?? 0
        let needs = try size.hosts.ranks[0].map { try size.need(ofRank: $0) }
        peakMemoryBytes = size.residentBytes(needs) + plan.ownBytes
        prediction = StepPrediction(
            Self.work(plan, size),
            on: Self.figures(plan, step, size, hostCount, ranksPerHost, gigabits))
    }

    private static func cost(_ size: TrainingSize) -> ModelCost {
        let count = size.plan.tensorShapes(of: size.model).reduce(0) { $0 + $1.shape.reduce(1, *) }
        return ModelCost(size.model, parameterCount: count)
    }

    private static func work(_ plan: RunPlan, _ size: TrainingSize) -> StepWork {
        let cost = cost(size)
        let length = size.train.sequenceLength ?? size.model.contextLength
        let sequences = size.train.globalBatchSize / size.worldSize
        return StepWork(
            parameterCount: size.plan.layout(of: size.model).trainedCount,
            flopsPerToken: cost.trainingFLOPs(sequenceLength: length),
            tokenCount: plan.tokensPerStep,
            lastPassTokenCount: min(size.train.microBatchSize, sequences) * length,
            gradientSize: size.train.gradientType == .bf16 ? 2 : 4,
            copiesPerNode: size.sharesMemory && size.isSharded ? 1 : size.hosts.ranks[0].count,
            isSharded: size.isSharded, edgeShare: cost.tokenTableShare)
    }

    /// The speeds of a host as the measured steps had them: passes, and the memory while weights are
    /// updated.
    private static func figures(
        _ plan: RunPlan, _ step: StepSeconds, _ size: TrainingSize, _ hosts: Int, _ ranks: Int,
        _ gigabits: Double
    ) -> ClusterFigures {
        let length = size.train.sequenceLength ?? size.model.contextLength
        let flops = cost(size).trainingFLOPs(sequenceLength: length) * Double(plan.tokensPerStep)
        let nodes = Double(plan.hostCount)
        let trained = Double(size.plan.layout(of: size.model).trainedCount)
        return ClusterFigures(
            nodeCount: hosts, ranksPerNode: ranks, productRate: flops / step.compute / nodes,
            passEfficiency: 1, memoryRate: 28 * trained / max(1e-6, step.update),
            latency: ScalingTable.usualLatency,
            linkRate: gigabits * 1e9 / 8 * ScalingTable.linkShare,
            overlap: ScalingTable.usualOverlap)
    }

    package var json: JSONValue {
        .object([
            "hosts": .integer(hostCount), "ranks_per_host": .integer(ranksPerHost),
            "link_gbit": .number(gigabits), "peak_memory_bytes": .integer(peakMemoryBytes),
            "node_memory_bytes": .integer(nodeMemoryBytes),
            "sent_bytes_per_step": .integer(sentBytes), "step_seconds": .number(prediction.total),
            "finish_seconds": .number(finishSeconds),
        ])
    }

    package var text: String {
        var table = TextTable()
        table.add("a step", "\(Quantity.number(prediction.total * 1e3)) ms")
        table.add("  passes", "\(Quantity.number(prediction.compute * 1e3)) ms")
        table.add("  waiting for the link", "\(Quantity.number(prediction.exposed * 1e3)) ms")
        table.add(
            "tokens a second", Quantity.number(Double(plan.tokensPerStep) / prediction.total))
        table.add("memory of the fullest rank", Quantity.bytes(peakMemoryBytes))
        table.add("memory of its node", Quantity.bytes(nodeMemoryBytes))
        table.add("a node sends in a step", Quantity.bytes(sentBytes))
        table.add("done after", RunPlan.duration(finishSeconds))
        let heading =
            "on \(Quantity.count(hostCount, "host")) as fast as this one, of "
            + "\(Quantity.count(ranksPerHost, "rank")), over \(Quantity.number(gigabits)) Gbit/s"
        return ([heading] + table.lines).joined(separator: "\n")
    }
}
