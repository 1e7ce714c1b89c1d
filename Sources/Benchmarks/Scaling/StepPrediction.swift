import Training

/// The work of a training step, whatever does it.
package struct StepWork: Equatable, Sendable {
    /// P: trained parameters.
    package var parameterCount: Int
    /// Forward and backward of one token.
    package var flopsPerToken: Double
    /// Tokens of the global batch.
    package var tokenCount: Int
    /// Tokens that a rank takes in its last forward and backward pass, beside which gradients travel.
    package var lastPassTokenCount: Int
    /// Bytes of an element of a gradient between nodes.
    package var gradientSize = 4
    /// Copies of the weights that are updated on a node: one, where its ranks share it.
    package var copiesPerNode = 1

    package init(
        parameterCount: Int, flopsPerToken: Double, tokenCount: Int, lastPassTokenCount: Int,
        gradientSize: Int = 4, copiesPerNode: Int = 1
    ) {
        self.parameterCount = parameterCount
        self.flopsPerToken = flopsPerToken
        self.tokenCount = tokenCount
        self.lastPassTokenCount = lastPassTokenCount
        self.gradientSize = gradientSize
        self.copiesPerNode = copiesPerNode
    }
}

/// The seconds of a training step of all ranks together, predicted from figures of the cluster.
///
///     compute  = FLOPs / (nodes * rate of products * share that passes reach)
///     node     = bytes of the additions on a node / its memory
///     network  = messages * alpha + bytes of a node's link / beta
///     step     = compute + node + max(0, network - overlap * last backward pass) + update
///
/// Of H nodes each sends of the gradients, and then of the sums, (H - 1) / H, and gets as much.
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
        let (hosts, ranks) = (Double(cluster.nodeCount), Double(cluster.ranksPerNode))
        let parameters = Double(work.parameterCount)
        let rate = cluster.productRate * cluster.passEfficiency
        compute = Double(work.tokenCount) * work.flopsPerToken / (hosts * rate)

        // The owner of a slice reads those of its node and writes the sum, which all ranks then read.
        let added = cluster.rankCount > 1 ? 4 * parameters * (ranks + 1 + ranks) : 0
        node = added / cluster.memoryRate

        let share = (hosts - 1) / hosts
        let bucketCount = (parameters / Double(Self.bucketSize)).rounded(.up)
        let bytes = 2 * share * parameters * Double(work.gradientSize)
        network =
            hosts > 1
            ? bytes / cluster.linkRate + 2 * bucketCount * (hosts - 1) / ranks * cluster.latency : 0
        let lastPass =
            Double(work.lastPassTokenCount) * work.flopsPerToken * ranks / rate
            * Self.backwardShare
        exposed = max(0, network - cluster.overlap * lastPass)
        update = Self.updateBytes * parameters * Double(work.copiesPerNode) / cluster.memoryRate
    }
}
