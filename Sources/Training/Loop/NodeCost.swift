import Collectives
import Models
import Tensors

/// What a training takes of one node: memory, and bytes on its link, known before it starts.
package struct NodeCost: Equatable, Sendable {
    /// The weights and their rounded copies.
    package fileprivate(set) var weights = 0
    /// The buffers of the lanes, or the rings and sums, see `TrainingNeed`.
    package fileprivate(set) var gradients = 0
    /// The state of the optimizer.
    package fileprivate(set) var moments = 0
    /// What outer steps of islands take.
    package fileprivate(set) var outer = 0
    /// What other nodes have sent of the buckets that are under way.
    package fileprivate(set) var buckets = 0
    /// Activations and logits.
    package fileprivate(set) var activations = 0
    /// The copies of a checkpoint that is being written.
    package fileprivate(set) var checkpoint = 0
    /// The bytes of gradients and parameters, and on average of differences between islands, that leave
    /// the node in a step.
    package fileprivate(set) var sentBytes = 0
    /// The bytes of them that come to it.
    package fileprivate(set) var receivedBytes = 0

    /// Bytes of memory.
    package var memory: Int {
        weights + gradients + moments + outer + buckets + activations + checkpoint
    }
}

extension TrainingSize {
    /// The cost of a step on a node of `hosts`, of all islands that are on it.
    ///
    /// With P parameters, all trained, on H nodes that share memory: zero1 keeps 4 P (and 2 P rounded) + 8 P / H
    /// + gradients + what is under way, and moves 8 P (1 - 1/H) bytes in each direction, where the lanes of a
    /// node add up to one sum. Its gradients are 4 P g for each rank that adds up several passes in g
    /// buffers; with one pass a rank, 4 P / H and, for each rank, a ring of a block and the buckets under way and
    /// what lies outside the blocks, as the embeddings do. The 4 P / H too are spared where buckets are
    /// updated as they come: without a limit of the norm and without skipped steps. Muon keeps 4 bytes for
    /// each weight of a matrix instead of 8, and moves what other nodes have of a matrix to the rank that
    /// orthogonalises it, and back: 8 M (1 - 1/H) / H bytes in each direction for M weights of matrices.
    ///
    /// - Throws: A usage `Failure` where there are more ranks than lanes.
    package func cost(ofNode host: Int) throws -> NodeCost {
        var cost = NodeCost()
        for need in try needs(ofRanks: hosts.ranks[host]).joined() {
            cost.weights += need.weights
            cost.gradients += need.gradients
            cost.moments += need.moments
            cost.outer += need.outer
            cost.activations += need.activations
            cost.checkpoint += need.checkpoint
        }
        let ways = sharesMemory ? hosts : .apart(worldSize: worldSize)
        let sums = try sumCounts(of: ways)
        let own = hosts.ranks[host].map { ways.host(of: $0) }
        let here = Set(own)
        let away = sums.indices.filter { !here.contains($0) }
        let (ownSums, awaySums) = (
            here.reduce(0) { $0 + sums[$1] }, away.reduce(0) { $0 + sums[$1] }
        )
        let trained = plan.layout(of: model).trainedCount
        let gradients = Double(trained * (train.gradientType == .bf16 ? 2 : Self.floatSize))
        let values = isSharded ? Double(trained * Self.floatSize) : gradients
        let share = Double(own.count) / Double(worldSize)
        // Each sum of the node to the owners elsewhere, and what this node owns to all others.
        cost.sentBytes = Int(
            Double(ownSums) * (1 - share) * gradients + share * Double(away.count) * values)
        cost.receivedBytes = Int(
            share * Double(awaySums) * gradients + Double(here.count) * (1 - share) * values)
        if let traffic = matrixDeal?.traffic(of: Set(hosts.ranks[host])) {
            cost.sentBytes += Self.floatSize * traffic.sent
            cost.receivedBytes += Self.floatSize * traffic.received
        }
        cost.sentBytes += outerTraffic(ofNode: host)
        cost.receivedBytes += outerTraffic(ofNode: host)
        let bucket = GradientBuckets(parameterCount: trained, hosts: ways).first?.range.count ?? 0
        cost.buckets = Int(
            Double(GradientExchange.mostBuckets * bucket * Self.floatSize * awaySums) * share)
        return cost
    }

    /// The nodes of the lane tree that the ranks of each host come to.
    private func sumCounts(of hosts: HostMap) throws -> [Int] {
        let tree = LaneTree(laneCount: laneCount)
        return try hosts.ranks.map { ranks in
            let nodes = try ranks.flatMap { rank in
                tree.maximalNodes(
                    covering: try tree.lanes(ofRank: rank, worldSize: worldSize))
            }
            return tree.partialSum(of: nodes).nodes.count
        }
    }
}
