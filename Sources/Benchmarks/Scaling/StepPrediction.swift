/// The seconds of a training step of all ranks together, predicted from figures of the cluster.
///
///     compute  = FLOPs / (nodes * rate of products * share that passes reach)
///     node     = bytes of the additions on a node / its memory
///     network  = messages * alpha + bytes of a node's link / beta
///     step     = compute + node + network - hidden + update
///
/// Of H nodes each sends of the gradients, and then of the sums, (H - 1) / H, and gets as much. Gradients
/// travel while the last backward pass goes on, but for those of the table of tokens, which come at its
/// end; of sharded optimizers parameters travel while the next forward pass goes on, but for that table,
/// which it needs first:
///
///     hidden   = overlap * min(network of the blocks, passes of the blocks)
package struct StepPrediction: Equatable, Sendable {
    package let compute: Double
    package let node: Double
    package let network: Double
    /// The part of `network` for which the ranks wait.
    package let exposed: Double
    package let update: Double

    package var total: Double { compute + node + exposed + update }

    /// A backward pass takes two of the three parts of a pass.
    private static let backwardShare = 2.0 / 3
    /// Reads and writes of AdamW for each parameter.
    private static let updateBytes = 28.0
    /// Elements of a bucket.
    private static let bucketSize = 1 << 22

    package init(_ work: StepWork, on cluster: ClusterFigures) {
        let hosts = Double(cluster.nodeCount)
        let parameters = Double(work.parameterCount)
        let rate = cluster.productRate * cluster.passEfficiency
        compute = Double(work.tokenCount) * work.flopsPerToken / (hosts * rate)
        node = Self.addedBytes(work, cluster) / cluster.memoryRate
        network = Self.network(work, cluster)
        let lastPass =
            Double(work.lastPassTokenCount) * work.flopsPerToken * Double(cluster.ranksPerNode)
            / rate
        exposed =
            network - cluster.overlap
            * Self.overlapping(network, lastPass, work).reduce(0, +)
        let updated = parameters * Double(work.copiesPerNode) / (work.isSharded ? hosts : 1)
        update = Self.updateBytes * updated / cluster.memoryRate
    }

    /// Bytes that the ranks of a node read and write to add: its own gradients to a sum, and to those of
    /// its part of the parameters the sums of the other nodes. Ranks that all update the whole read it.
    private static func addedBytes(_ work: StepWork, _ cluster: ClusterFigures) -> Double {
        let (hosts, ranks) = (Double(cluster.nodeCount), Double(cluster.ranksPerNode))
        let own = ranks > 1 ? ranks + 1 + (work.isSharded ? 0 : ranks) : 0
        let others = hosts > 1 ? (hosts + 1) / hosts : 0
        return 4 * Double(work.parameterCount) * (own + others)
    }

    private static func network(_ work: StepWork, _ cluster: ClusterFigures) -> Double {
        let (hosts, parameters) = (Double(cluster.nodeCount), Double(work.parameterCount))
        guard hosts > 1 else { return 0 }
        let gatheredSize = work.isSharded ? 4 : work.gradientSize
        let bytes = (hosts - 1) / hosts * parameters * Double(work.gradientSize + gatheredSize)
        let bucketCount = (parameters / Double(Self.bucketSize)).rounded(.up)
        let messageCount = 2 * bucketCount * (hosts - 1) / Double(cluster.ranksPerNode)
        return bytes / cluster.linkRate + messageCount * cluster.latency
    }

    /// The seconds of messages that travel beside the last backward pass, and the next forward pass.
    private static func overlapping(
        _ network: Double, _ pass: Double, _ work: StepWork
    ) -> [Double] {
        let blocks = 1 - work.edgeShare
        let backward = blocks * pass * backwardShare
        guard work.isSharded else { return [min(blocks * network, backward)] }
        return [backward, blocks * pass - backward].map { min(blocks * network / 2, $0) }
    }
}
