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
    /// - Parameter elementCount: of the flat list of parameters.
    package static func share(
        elementCount: Int, tree: LaneTree, _ options: TrainOptions,
        over communicator: any Communicator, _ logger: Logger
    ) throws -> TrainingMemory? {
        guard options.nodeMemory == .shared, communicator.worldSize > 1 else { return nil }
        let worldSize = communicator.worldSize
        let gradientCounts = try (0..<worldSize).map { rank in
            LaneAccumulator.bufferCount(
                for: try tree.lanes(ofRank: rank, worldSize: worldSize), in: tree)
        }
        let sharesWeights = options.optimizerSharding == .zero1
        func listCount(_ rank: Int) -> Int {
            gradientCounts[rank] + (sharesWeights && rank == 0 ? 1 : 0)
        }
        let listSize = elementCount * MemoryLayout<Float>.stride
        switch try communicator.shareMemory(byteCount: listCount(communicator.rank) * listSize) {
        case .unavailable(let reason):
            logger.info("train.node_memory: private, since \(reason)")
            return nil
        case .shared(let memory):
            let lists = memory.parts.enumerated().map { rank, part in
                let values = part.bindMemory(to: Float.self)
                return (0..<listCount(rank)).map { index in
                    GradientBuffer(
                        rebasing: values[index * elementCount..<(index + 1) * elementCount])
                }
            }
            return TrainingMemory(
                shared: memory,
                gradients: zip(lists, gradientCounts).map { Array($0.prefix($1)) },
                weights: sharesWeights ? lists[0].last : nil)
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
