import Collectives
import Diagnostics

/// The gradient buffers of a check: each rank's own, or in memory that the ranks of a host share.
struct GradientPlace {
    /// Those of each rank whose memory is seen here.
    let buffers: [[GradientBuffer]]
    private let memory: SharedMemory?

    /// - Parameter hosts: nil shares no memory.
    init(
        _ parameterCount: Int, _ tree: LaneTree, hosts: HostMap?,
        over communicator: any Communicator
    ) throws {
        let worldSize = communicator.worldSize
        let counts = try (0..<worldSize).map { rank in
            LaneAccumulator.bufferCount(
                for: try tree.lanes(ofRank: rank, worldSize: worldSize), in: tree)
        }
        guard let hosts, let communicator = communicator as? MPICommunicator else {
            memory = nil
            buffers = counts.enumerated().map { rank, count in
                guard rank == communicator.rank else { return [] }
                return (0..<count).map { _ in .allocate(capacity: parameterCount) }
            }
            return
        }
        let byteCount = counts[communicator.rank] * parameterCount * MemoryLayout<Float>.stride
        guard
            case .shared(let memory) = try communicator.shareMemory(byteCount: byteCount, on: hosts)
        else { throw Failure("the ranks share no memory") }
        self.memory = memory
        buffers = zip(memory.parts, counts).map { part, count in
            let values = part.bindMemory(to: Float.self)
            return (0..<(values.isEmpty ? 0 : count)).map { index in
                GradientBuffer(
                    rebasing: values[index * parameterCount..<(index + 1) * parameterCount])
            }
        }
    }

    func transport(
        _ tree: LaneTree, _ buckets: GradientBuckets, over communicator: any Communicator,
        wire: any GradientWire = FloatWire()
    ) throws -> SliceTransport {
        let nodes = try buffers.enumerated().map { rank, buffers in
            let lanes = try tree.lanes(ofRank: rank, worldSize: communicator.worldSize)
            let indices = LaneAccumulator.nodeIndices(of: lanes, in: tree)
            return buffers.isEmpty ? [] : indices.map { buffers[$0] }
        }
        return try SliceTransport(
            communicator: communicator, buckets: buckets, tree: tree, memory: memory,
            sharedNodes: nodes, wire: wire)
    }

    func release() throws {
        if let memory { return try memory.release() }
        for buffer in buffers.joined() { buffer.deallocate() }
    }
}
