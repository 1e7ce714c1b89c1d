import Collectives
import Diagnostics

/// The gradient buffers of a check: each rank's own, or in memory that the ranks share.
struct GradientPlace {
    /// Those of each rank; without shared memory, of this rank alone.
    let buffers: [[GradientBuffer]]
    private let memory: SharedMemory?

    init(
        _ parameterCount: Int, _ tree: LaneTree, isShared: Bool, over communicator: any Communicator
    ) throws {
        let worldSize = communicator.worldSize
        let counts = try (0..<worldSize).map { rank in
            LaneAccumulator.bufferCount(
                for: try tree.lanes(ofRank: rank, worldSize: worldSize), in: tree)
        }
        guard isShared, worldSize > 1 else {
            memory = nil
            buffers = counts.enumerated().map { rank, count in
                guard rank == communicator.rank else { return [] }
                return (0..<count).map { _ in .allocate(capacity: parameterCount) }
            }
            return
        }
        let byteCount = counts[communicator.rank] * parameterCount * MemoryLayout<Float>.stride
        guard case .shared(let memory) = try communicator.shareMemory(byteCount: byteCount) else {
            throw Failure("the ranks share no memory")
        }
        self.memory = memory
        buffers = zip(memory.parts, counts).map { part, count in
            let values = part.bindMemory(to: Float.self)
            return (0..<count).map { index in
                GradientBuffer(
                    rebasing: values[index * parameterCount..<(index + 1) * parameterCount])
            }
        }
    }

    /// Nil without shared memory.
    func transport(
        _ tree: LaneTree, _ buckets: GradientBuckets, over communicator: any Communicator
    ) throws -> (any SliceTransport)? {
        guard let memory else { return nil }
        let nodes = try buffers.enumerated().map { rank, buffers in
            let lanes = try tree.lanes(ofRank: rank, worldSize: communicator.worldSize)
            return LaneAccumulator.nodeIndices(of: lanes, in: tree).map { buffers[$0] }
        }
        return SharedTransport(
            communicator: communicator, memory: memory, buckets: buckets, nodes: nodes)
    }

    func release() throws {
        if let memory { return try memory.release() }
        for buffer in buffers.joined() { buffer.deallocate() }
    }
}
