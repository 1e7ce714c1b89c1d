/// The speeds of a cluster of equal nodes, from which the time of a training step follows.
package struct ClusterFigures: Equatable, Sendable {
    package var nodeCount: Int
    package var ranksPerNode: Int
    /// FLOP/s of matrix products on one node, all its ranks at once.
    package var productRate: Double
    /// The share of that rate which whole passes reach, as measured in a step of one node: what is not
    /// products takes time too.
    package var passEfficiency: Double
    /// Bytes a second that a node's memory moves, read and written.
    package var memoryRate: Double
    /// Alpha: seconds from one node to another for a message without contents.
    package var latency: Double
    /// Beta: bytes a second from one node to another, while as many come back.
    package var linkRate: Double
    /// The share of the time of messages that is saved where they travel beside passes.
    package var overlap: Double

    package init(
        nodeCount: Int, ranksPerNode: Int, productRate: Double, passEfficiency: Double,
        memoryRate: Double, latency: Double, linkRate: Double, overlap: Double
    ) {
        self.nodeCount = nodeCount
        self.ranksPerNode = ranksPerNode
        self.productRate = productRate
        self.passEfficiency = passEfficiency
        self.memoryRate = memoryRate
        self.latency = latency
        self.linkRate = linkRate
        self.overlap = overlap
    }

    package var rankCount: Int { nodeCount * ranksPerNode }
}
