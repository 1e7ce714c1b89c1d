import Collectives
import Logging
import Tensors

/// The lists of a run that the ranks of a node share: the gradients of all of them and, where the
/// optimizer is sharded, one copy of the weights.
package struct TrainingMemory {
    package let shared: SharedMemory
    /// The gradient buffers of each rank; none for the ranks of other nodes.
    let gradients: [[GradientBuffer]]
    /// The ring in which a part of them lies; nil where they have memory of their own.
    package let ring: GradientRing?
    /// The sums that this rank keeps, as a flat list; nil where they stay in its first buffer.
    let sums: GradientBuffer?
    /// The node's one copy of the weights; nil where each rank has weights of its own.
    package let weights: GradientBuffer?
    /// The node's one copy of the rounded weights; nil where there is none.
    package let rounded: UnsafeMutableBufferPointer<BFloat16>?

    /// Shares the memory of the ranks of a node; nil, and one line in the log, where they cannot
    /// share it. Collective.
    ///
    /// - Parameters:
    ///   - roundsWeights: whether matrix products take bfloat16.
    ///   - ring: the ring in which the gradients lie, where each rank has one buffer; nil for none.
    package static func share(
        _ layout: ParameterLayout, tree: LaneTree, _ options: TrainOptions, roundsWeights: Bool,
        ring: GradientRing? = nil, over communicator: any Communicator, _ logger: Logger
    ) throws -> TrainingMemory? {
        guard options.nodeMemory == .shared, communicator.worldSize > 1 else { return nil }
        let sizes = try Sizes(
            layout, tree: tree, options, roundsWeights: roundsWeights, ring: ring,
            over: communicator)
        switch try communicator.shareMemory(byteCount: sizes.byteCount(of: communicator)) {
        case .unavailable(let reason):
            logger.info("train.node_memory: private, since \(reason)")
            return nil
        case .shared(let memory):
            if memory.hosts.count > 1 {
                logger.info("train.node_memory: shared on each of \(memory.hosts)")
            }
            // A kernel may have no room for so many mappings.
            return try communicator.agree {
                try TrainingMemory(memory, sizes, rank: communicator.rank)
            }
        }
    }

    /// The sizes of what is shared, in elements.
    private struct Sizes {
        /// The gradient buffers of each rank.
        let gradientCounts: [Int]
        let trainedCount: Int
        let storage: RingStorage?
        /// Weights of a node; 0 where they are not shared.
        var weightCount = 0
        var roundedCount = 0

        init(
            _ layout: ParameterLayout, tree: LaneTree, _ options: TrainOptions,
            roundsWeights: Bool, ring: GradientRing?, over communicator: any Communicator
        ) throws {
            trainedCount = layout.trainedCount
            let worldSize = communicator.worldSize
            gradientCounts = try (0..<worldSize).map { rank in
                LaneAccumulator.bufferCount(
                    for: try tree.lanes(ofRank: rank, worldSize: worldSize), in: tree)
            }
            storage = ring.map { ring in
                RingStorage(
                    ring: ring,
                    buckets: GradientBuckets(
                        parameterCount: layout.trainedCount, hosts: communicator.hosts))
            }
            precondition(
                ring == nil || gradientCounts.allSatisfy { $0 == 1 },
                "expected one buffer a rank beside a ring, got \(gradientCounts)")
            guard options.optimizerSharding != .none else { return }
            weightCount = layout.flatCount
            roundedCount = roundsWeights ? layout.flatCount : 0
        }

        /// The first rank of a node has the weights for all.
        func byteCount(of communicator: any Communicator) -> Int {
            let gradients = gradientBytes(ofRank: communicator.rank)
            guard communicator.localRank == 0 else { return gradients }
            return gradients + weightCount * MemoryLayout<Float>.stride
                + roundedCount * MemoryLayout<BFloat16>.stride
        }

        /// The bytes with which a rank's part of the memory begins.
        func gradientBytes(ofRank rank: Int) -> Int {
            storage?.byteCount(ofRank: rank)
                ?? gradientCounts[rank] * trainedCount * MemoryLayout<Float>.stride
        }
    }

    private init(_ memory: SharedMemory, _ sizes: Sizes, rank: Int) throws {
        shared = memory
        ring = sizes.storage?.ring
        let size = sizes.trainedCount
        sums = try sizes.storage.flatMap { storage in
            guard storage.ring.keepsSums else { return nil }
            return try memory.view(storage.sums(in: memory.parts[rank], ofRank: rank))
                .bindMemory(to: Float.self)
        }
        gradients = try zip(memory.parts, sizes.gradientCounts).map { part, count in
            guard !part.isEmpty else { return [] }
            if let storage = sizes.storage {
                return [try memory.view(storage.list(in: part)).bindMemory(to: Float.self)]
            }
            let list = part.bindMemory(to: Float.self)
            return (0..<count).map { index in
                GradientBuffer(rebasing: list[index * size..<(index + 1) * size])
            }
        }
        let first = memory.hosts.neighbours(of: rank)[0]
        let rest = UnsafeMutableRawBufferPointer(
            rebasing: memory.parts[first].dropFirst(sizes.gradientBytes(ofRank: first)))
        let end = sizes.weightCount * MemoryLayout<Float>.stride
        weights =
            sizes.weightCount > 0
            ? UnsafeMutableRawBufferPointer(rebasing: rest[..<end]).bindMemory(to: Float.self) : nil
        let roundedEnd = end + sizes.roundedCount * MemoryLayout<BFloat16>.stride
        rounded =
            sizes.roundedCount > 0
            ? UnsafeMutableRawBufferPointer(rebasing: rest[end..<roundedEnd])
                .bindMemory(to: BFloat16.self) : nil
    }

    /// The place of the sums of what lies in the ring; nil where sums stay in the first buffer.
    var ringSums: BucketReducer.RingSums? {
        guard let ring, let sums else { return nil }
        return BucketReducer.RingSums(of: ring.range, in: sums)
    }

    /// The buffers that hold the tree nodes of each rank; none for the ranks of other nodes.
    func nodes(of tree: LaneTree) throws -> [[GradientBuffer]] {
        try gradients.enumerated().map { rank, buffers in
            guard !buffers.isEmpty else { return [] }
            let lanes = try tree.lanes(ofRank: rank, worldSize: gradients.count)
            return LaneAccumulator.nodeIndices(of: lanes, in: tree).map { buffers[$0] }
        }
    }

    /// Returns once all ranks have called it; what each wrote before can be read then.
    func meet(over communicator: any Communicator) throws {
        try shared.synchronize()
        try communicator.barrier()
        try shared.synchronize()
    }
}

extension TrainOptions {
    /// The options with the way of sharding that `auto` stands for: zero1 where the ranks of a node
    /// share memory, else none, and one line in the log.
    ///
    /// - Parameter memory: nil where nothing is shared.
    package func settlingSharding(
        _ memory: TrainingMemory?, worldSize: Int, _ logger: Logger
    ) -> TrainOptions {
        guard optimizerSharding == .auto else { return self }
        var settled = self
        settled.optimizerSharding = memory == nil ? .none : .zero1
        if memory == nil && worldSize > 1 {
            logger.info("train.optimizer_sharding: none, since the ranks share no memory")
        }
        return settled
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
