import Collectives
import Logging
import Tensors

/// The lists of a run that the ranks of a node share: the gradients of all of them and, where there is
/// one node and the optimizer is sharded, one copy of the weights.
package struct TrainingMemory {
    package let shared: SharedMemory
    /// The gradient buffers of each rank; none for the ranks of other nodes.
    let gradients: [[GradientBuffer]]
    /// The one copy of the weights; nil where each rank has weights of its own.
    package let weights: GradientBuffer?

    /// Shares the memory of the ranks of a node; nil, and one line in the log, where they cannot
    /// share it. Collective.
    package static func share(
        _ layout: ParameterLayout, tree: LaneTree, _ options: TrainOptions,
        over communicator: any Communicator, _ logger: Logger
    ) throws -> TrainingMemory? {
        let (rank, worldSize) = (communicator.rank, communicator.worldSize)
        guard options.nodeMemory == .shared, worldSize > 1 else { return nil }
        let gradientCounts = try (0..<worldSize).map { rank in
            LaneAccumulator.bufferCount(
                for: try tree.lanes(ofRank: rank, worldSize: worldSize), in: tree)
        }
        let sharesWeights =
            options.optimizerSharding == .zero1 && communicator.hosts.count == 1
        let ownCount =
            gradientCounts[rank] * layout.trainedCount
            + (sharesWeights && rank == 0 ? layout.flatCount : 0)
        switch try communicator.shareMemory(byteCount: ownCount * MemoryLayout<Float>.stride) {
        case .unavailable(let reason):
            logger.info("train.node_memory: private, since \(reason)")
            return nil
        case .shared(let memory):
            if memory.hosts.count > 1 {
                logger.info("train.node_memory: shared on each of \(memory.hosts)")
            }
            return TrainingMemory(memory, layout, gradientCounts, sharesWeights)
        }
    }

    private init(
        _ memory: SharedMemory, _ layout: ParameterLayout,
        _ gradientCounts: [Int], _ sharesWeights: Bool
    ) {
        shared = memory
        let lists = memory.parts.map { $0.bindMemory(to: Float.self) }
        let size = layout.trainedCount
        gradients = zip(lists, gradientCounts).map { list, count in
            guard !list.isEmpty else { return [] }
            return (0..<count).map { index in
                GradientBuffer(rebasing: list[index * size..<(index + 1) * size])
            }
        }
        let rest = sharesWeights ? lists[0][(gradientCounts[0] * size)...] : nil
        weights = rest.map { GradientBuffer(rebasing: $0.prefix(layout.flatCount)) }
    }

    /// The buffers that hold the tree nodes of each rank; none for the ranks of other nodes.
    func nodes(of tree: LaneTree) throws -> [[GradientBuffer]] {
        try gradients.enumerated().map { rank, buffers in
            guard !buffers.isEmpty else { return [] }
            let lanes = try tree.lanes(ofRank: rank, worldSize: gradients.count)
            return LaneAccumulator.nodeIndices(of: lanes, in: tree).map { buffers[$0] }
        }
    }
}

extension GradientBuckets {
    /// The buckets of the trained parameters, with owners spread over the nodes that share memory.
    init(
        of layout: ParameterLayout, _ memory: TrainingMemory?, over communicator: any Communicator
    ) {
        self.init(
            parameterCount: layout.trainedCount,
            hosts: memory?.shared.hosts ?? .apart(worldSize: communicator.worldSize))
    }
}
