import Collectives
import Logging
import Tensors

/// The lists of a run that the ranks of a node share: the gradients of all of them and, where the
/// optimizer is sharded, one copy of the weights.
package struct TrainingMemory {
    package let shared: SharedMemory
    /// The gradient buffers of each rank.
    let gradients: [[GradientBuffer]]
    /// Nil where each rank has weights of its own.
    package let weights: GradientBuffer?

    /// Collective. Nil, and one line in the log, where the ranks cannot share memory.
    ///
    /// - Parameter elementCounts: of the flat list of parameters, and of its trained part.
    package static func share(
        _ elementCounts: (all: Int, trained: Int), tree: LaneTree, _ options: TrainOptions,
        over communicator: any Communicator, _ logger: Logger
    ) throws -> TrainingMemory? {
        guard options.nodeMemory == .shared, communicator.worldSize > 1 else { return nil }
        let worldSize = communicator.worldSize
        let gradientCounts = try (0..<worldSize).map { rank in
            LaneAccumulator.bufferCount(
                for: try tree.lanes(ofRank: rank, worldSize: worldSize), in: tree)
        }
        let sharesWeights = options.optimizerSharding == .zero1
        let trainedCount = elementCounts.trained
        let ownCount =
            gradientCounts[communicator.rank] * trainedCount
            + (sharesWeights && communicator.rank == 0 ? elementCounts.all : 0)
        switch try communicator.shareMemory(byteCount: ownCount * MemoryLayout<Float>.stride) {
        case .unavailable(let reason):
            logger.info("train.node_memory: private, since \(reason)")
            return nil
        case .shared(let memory):
            let lists = memory.parts.map { $0.bindMemory(to: Float.self) }
            let gradients = zip(lists, gradientCounts).map { list, count in
                (0..<count).map { index in
                    GradientBuffer(
                        rebasing: list[index * trainedCount..<(index + 1) * trainedCount])
                }
            }
            let weights = lists[0][(gradientCounts[0] * trainedCount)...].prefix(elementCounts.all)
            return TrainingMemory(
                shared: memory, gradients: gradients,
                weights: sharesWeights ? GradientBuffer(rebasing: weights) : nil)
        }
    }

    /// How the ranks add up their gradients.
    func transport(
        _ tree: LaneTree, _ buckets: GradientBuckets, over communicator: any Communicator,
        forEach: @escaping ForEach
    ) throws -> any SliceTransport {
        let nodes = try gradients.enumerated().map { rank, buffers in
            let lanes = try tree.lanes(ofRank: rank, worldSize: communicator.worldSize)
            return LaneAccumulator.nodeIndices(of: lanes, in: tree).map { buffers[$0] }
        }
        return SharedTransport(
            communicator: communicator, memory: shared, buckets: buckets, nodes: nodes,
            forEach: forEach)
    }
}
