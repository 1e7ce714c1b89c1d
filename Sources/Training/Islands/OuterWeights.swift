import CKernels
import Collectives
import Diagnostics
import Tensors

/// The weights that all islands have in common beside those with which an island trains: one list for each
/// copy of the island's own.
final class OuterWeights {
    let parameters: ParameterList
    /// The common values of all trained elements.
    let values: GradientBuffer
    private let islands: Islands
    /// The memory of `values`; nil where each rank has its own.
    private let shared: SharedMemory?
    private let own: Tensor<Float>?
    /// The elements that each rank of the island keeps the momentum of, in ascending order.
    private let slices: [[Range<Int>]]

    /// Makes room for the values. Collective over the island.
    ///
    /// - Parameters:
    ///   - isShared: whether the ranks of a node share one copy of the weights.
    ///   - slices: those of each rank of the island.
    init(
        of parameters: ParameterList, isShared: Bool, slices: [[Range<Int>]], islands: Islands
    ) throws {
        self.parameters = parameters
        self.islands = islands
        self.slices = slices
        let count = parameters.layout.trainedCount
        shared = isShared ? try Self.share(count, islands.own) : nil
        if let shared {
            let first = islands.own.hosts.neighbours(of: islands.own.rank)[0]
            let list = shared.parts[first].bindMemory(to: Float.self)
            values = GradientBuffer(rebasing: list.prefix(count))
            own = nil
        } else {
            let list = parameters.device.zeros([count])
            (values, own) = (list.buffer, list)
        }
    }

    private static func share(_ count: Int, _ island: any Communicator) throws -> SharedMemory {
        let size = island.localRank == 0 ? count * MemoryLayout<Float>.stride : 0
        switch try island.shareMemory(byteCount: size) {
        case .shared(let memory): return memory
        case .unavailable(let reason):
            throw AgreedFailure(
                Failure(
                    "no shared memory for the weights that the islands have in common", got: reason,
                    remedy: FailureText("use \(key: "train.node_memory")=private")),
                rank: 0, isEverywhere: true)
        }
    }

    func release() throws { try shared?.release() }

    /// Takes the weights as they are for common.
    func take() throws {
        forEachChunk(of: written) { $1.update(from: $0, count: $2) }
        try meet()
    }

    /// Brings each rank's slices within `fragment` of the common values to all copies of them.
    func publish(_ fragment: Range<Int>) throws {
        let island = islands.own
        if shared != nil && island.hosts.count == 1 { return try meet() }
        for rank in 0..<island.worldSize where island.worldSize > 1 {
            let pieces = slices[rank].map { $0.clamped(to: fragment) }.filter { !$0.isEmpty }
            for piece in pieces { try spread(piece, from: rank) }
        }
        try meet()
    }

    private func spread(_ piece: Range<Int>, from rank: Int) throws {
        let island = islands.own
        let place = UnsafeMutableRawBufferPointer(GradientBuffer(rebasing: values[piece]))
        guard shared != nil, island.localRank != 0, rank != island.rank else {
            return try island.broadcast(place, from: rank)
        }
        let passed = UnsafeMutableRawBufferPointer.allocate(byteCount: place.count, alignment: 64)
        defer { passed.deallocate() }
        try island.broadcast(passed, from: rank)
    }

    /// Lets the island go on from the common values of `fragment`, mixed with its own, which all its
    /// ranks have.
    ///
    /// - Parameter share: of the island's own.
    func mix(into fragment: Range<Int>, share: Float) throws {
        // Others of the node may yet be sending weights.
        try meet()
        let written = written.map { $0.clamped(to: fragment) }.filter { !$0.isEmpty }
        forEachChunk(of: written) { own, common, count in
            kernel_mix(own, common, count, share)
        }
        for range in written { parameters.roundValues(in: range) }
        try meet()
    }

    /// Runs `body` on the common weights in the place of the island's own, which lie in `values`
    /// meanwhile.
    func inPlace<Value>(_ body: () throws -> Value) throws -> Value {
        try swap()
        let result = try body()
        try swap()
        return result
    }

    private func swap() throws {
        try meet()
        forEachChunk(of: written) { kernel_swap($0, $1, $2) }
        for range in written { parameters.roundValues(in: range) }
        try meet()
    }

    /// The elements that this rank writes: all of a copy that nobody else writes, a part of one that the
    /// ranks of a node share.
    var written: [Range<Int>] {
        guard shared != nil else { return [0..<values.count] }
        let island = islands.own
        guard island.hosts.count > 1 else { return slices[island.rank] }
        return island.localRank == 0 ? [0..<values.count] : []
    }

    /// What one rank of a node has written is seen by all.
    private func meet() throws {
        guard let shared else { return }
        try shared.synchronize()
        try islands.own.barrier()
        try shared.synchronize()
    }

    /// Runs `body` on chunks of the island's own weights, and the common ones at the same places.
    private func forEachChunk(
        of ranges: [Range<Int>],
        _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
    ) {
        guard let common = values.baseAddress else { return }
        let own = parameters.values.pointer
        for range in ranges where !range.isEmpty {
            parameters.device.forEachChunk(of: range.count, as: .optimizer) { chunk in
                let start = range.lowerBound + chunk.lowerBound
                body(own + start, common + start, chunk.count)
            }
        }
    }
}
