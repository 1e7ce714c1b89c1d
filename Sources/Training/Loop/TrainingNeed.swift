import Collectives
import Models
import Tensors

/// The memory that a training takes on one rank, in bytes, before it is taken.
package struct TrainingNeed: Equatable, Sendable {
    /// The weights, and their rounded copy in mixed precision.
    package fileprivate(set) var weights = 0
    /// The buffers of the lanes, or the ring of buckets that are under way, what lies outside of it, and the
    /// sums of the slices that the rank owns.
    package fileprivate(set) var gradients = 0
    /// The state of the optimizer.
    package fileprivate(set) var moments = 0
    /// What outer steps of islands take.
    package fileprivate(set) var outer = 0
    /// Activations, and the logits of some rows.
    package fileprivate(set) var activations = 0
    /// The copy of a checkpoint that is being written.
    package fileprivate(set) var checkpoint = 0
    /// The weights of a teacher, of a reference, and of models that reward.
    package fileprivate(set) var otherModels = 0

    /// Bytes that lie in memory of the node, where that is shared.
    package fileprivate(set) var shared = 0

    package init() {}

    package var total: Int {
        weights + gradients + moments + outer + activations + checkpoint + otherModels
    }

    /// The parts from the largest down, without empty ones.
    package var parts: [(name: String, byteCount: Int)] {
        [
            ("weights", weights), ("gradients", gradients), ("moments", moments),
            ("outer steps", outer), ("activations", activations), ("checkpoint", checkpoint),
            ("other models", otherModels),
        ].filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }
    }
}

/// The sizes that decide the memory of a training.
package struct TrainingSize: Sendable {
    package var model: DecoderConfiguration
    package var plan: ParameterPlan
    /// The options of the training, with a sequence length.
    package var train: TrainOptions
    package var laneCount: Int
    /// The ranks of each node.
    package var hosts: HostMap
    /// Whether matrix products take bfloat16.
    package var roundsWeights: Bool
    package var isValidated: Bool
    /// The options of checkpoints; nil where none is written.
    package var checkpoint: CheckpointOptions?
    /// Whether the norm of gradients is limited.
    package var limitsNorm: Bool
    /// The rule of the optimizer.
    package var optimizer = OptimizerOptions.Kind.adamw
    /// The options of outer steps, which islands make.
    package var outer = OuterOptions()
    /// Bytes of the weights of other models that each rank has yet to load.
    package var otherModelBytes = 0
    /// The number of the island whose ranks these are.
    package var island = 0
    /// The islands on the node of that one; it alone where it is on several.
    package var islandsHere = 0..<1

    package init(
        model: DecoderConfiguration, plan: ParameterPlan, train: TrainOptions, laneCount: Int,
        hosts: HostMap, roundsWeights: Bool, isValidated: Bool,
        checkpoint: CheckpointOptions?, limitsNorm: Bool = true
    ) {
        self.model = model
        self.plan = plan
        self.train = train
        self.laneCount = laneCount
        self.hosts = hosts
        self.roundsWeights = roundsWeights
        self.isValidated = isValidated
        self.checkpoint = checkpoint
        self.limitsNorm = limitsNorm
    }

    package var worldSize: Int { hosts.worldSize }

    /// Whether the ranks of a node see each other's gradients.
    package var sharesMemory: Bool {
        hosts.count < worldSize && train.nodeMemory == .shared
    }

    /// Whether each rank has a part of the optimizer's state alone, and a node one copy of the weights
    /// where it shares memory.
    package var isSharded: Bool {
        switch train.optimizerSharding {
        case .auto: sharesMemory
        case .none: false
        case .zero1: true
        }
    }

    static let floatSize = MemoryLayout<Float>.stride
    /// Rows whose logits exist at a time; see `Tape.linearCrossEntropy`.
    private static let rowsOfLogits = 512

    /// - Throws: A usage `Failure` where there are more ranks than lanes.
    package func need(ofRank rank: Int) throws -> TrainingNeed {
        let layout = plan.layout(of: model)
        let tree = LaneTree(laneCount: laneCount)
        let lanes = try tree.lanes(ofRank: rank, worldSize: worldSize)
        let bufferCount = LaneAccumulator.bufferCount(for: lanes, in: tree)
        var need = TrainingNeed()
        let sharesWeights = isSharded && sharesMemory
        let ownsWeights = !sharesWeights || hosts.localRank(of: rank) == 0
        need.weights =
            ownsWeights ? (Self.floatSize + (roundsWeights ? 2 : 0)) * layout.flatCount : 0
        let storage = ringStorage
        need.gradients =
            storage?.byteCount(ofRank: rank)
            ?? Self.floatSize * bufferCount * layout.trainedCount
        need.shared = need.gradients + (sharesWeights ? need.weights : 0)
        // What stays quantised is each rank's own.
        need.weights += plan.quantizedByteCount(of: model)
        need.moments = stateSize(layout) / (isSharded ? worldSize : 1)
        if train.islands > 1 {
            let common = ownsWeights ? Self.floatSize * layout.trainedCount : 0
            need.outer = common + outerNeed(layout)
            need.shared += sharesWeights ? common : 0
        }
        // Matrices are worked on after the backward pass, in the memory of activations.
        need.activations = max(
            activations(trainedCount: layout.trainedCount, ring: storage?.ring),
            Self.floatSize * (matrixDeal?.workCount(ofRank: rank) ?? 0))
        need.checkpoint = checkpointCopy(layout, rank: rank)
        need.otherModels = otherModelBytes
        return need
    }

    /// What the ranks need on each island of their node.
    ///
    /// - Throws: A usage `Failure` where there are more ranks than lanes.
    package func needs(ofRanks ranks: [Int]) throws -> [[TrainingNeed]] {
        try islandsHere.map { island in
            var size = self
            size.island = island
            return try ranks.map { try size.need(ofRank: $0) }
        }
    }

    /// Bytes of the whole state of the optimizer: 8 for each trained weight with AdamW; 4 for each of a
    /// matrix with Muon; with Schedule-Free AdamW 12, of which a checkpoint has 8.
    ///
    /// - Parameter isStored: counts what a checkpoint has of it alone.
    package func stateSize(_ layout: ParameterLayout, isStored: Bool = false) -> Int {
        var options = OptimizerOptions()
        options.kind = optimizer
        let lists = options.stateLists(of: layout, matrices(layout))
        return Self.floatSize
            * lists.filter { $0.isStored || !isStored }.reduce(0) { $0 + $1.count(in: layout) }
    }

    private func matrices(_ layout: ParameterLayout) -> [HiddenMatrix] {
        optimizer == .muon ? HiddenMatrix.all(in: layout, of: model.linearModules) : []
    }

    /// Who orthogonalises which matrix; nil where nobody does.
    var matrixDeal: MatrixDeal? {
        guard optimizer == .muon else { return nil }
        let layout = plan.layout(of: model)
        let ways = sharesMemory ? hosts : .apart(worldSize: worldSize)
        return MatrixDeal(
            matrices(layout),
            buckets: isSharded
                ? GradientBuckets(parameterCount: layout.trainedCount, hosts: ways) : nil,
            worldSize: worldSize)
    }

    /// - Parameter ring: in which the gradients lie; nil where each has memory of its own.
    func activations(trainedCount: Int, ring: GradientRing?) -> Int {
        let laneSize = max(1, train.globalBatchSize / laneCount)
        let sequences = min(train.microBatchSize, laneSize)
        let rows = sequences * (train.sequenceLength ?? model.contextLength)
        let memory = ActivationMemory(
            of: model, rows: rows, precision: roundsWeights ? .bf16 : .fp32, plan: plan)
        // Later micro-batches find gradients where the first one finds room.
        let isWhole = sequences == laneSize
        let gradients = Self.floatSize * trainedCount
        let lendable = isWhole && plan.lora == nil && ring == nil ? gradients * 2 / 5 : 0
        let room = ring.map { Self.floatSize * $0.size } ?? gradients / 2
        return memory.total(recomputes: train.recompute == .blocks, lendable: lendable)
            + logits(rows: rows, standInGradients: isWhole && !isValidated, room: room)
    }

    /// - Parameter room: bytes of gradients that are free before the backward pass.
    private func logits(rows: Int, standInGradients: Bool, room: Int) -> Int {
        let isTrained = plan.trainsBase(outputName)
        let limit = isTrained ? Self.rowsOfLogits : Self.rowsOfLogits / 2
        let size = Self.floatSize * model.vocabularySize * min(rows, limit)
        let rounded = roundsWeights ? size / 2 : 0
        return (standInGradients && isTrained && size <= room ? 0 : size) + rounded
    }

    private var outputName: String {
        let names = model.tensorShapes.map(\.name)
        return names.last { $0 == "lm_head.weight" } ?? names.first ?? ""
    }

    /// The ranks share out what they copy, or rank 0 copies all, and gathers what is sharded.
    private func checkpointCopy(_ layout: ParameterLayout, rank: Int) -> Int {
        guard let checkpoint else { return 0 }
        let saved = plan.lora == nil ? layout.flatCount : layout.trainedCount
        let (weights, state) = (Self.floatSize * saved, stateSize(layout, isStored: true))
        switch checkpoint.inputOutput {
        case .shared where train.islands > 1:
            return islandCopy(layout, weights: weights, rank: rank)
        case .shared:
            let shares = BlockShares(
                sizes: isSharded ? [weights] : [weights, state], worldSize: worldSize)
            return shares.byteCount(ofRank: rank) + (isSharded ? state / worldSize : 0)
        case .gather where rank == 0 && island == 0:
            return weights + state + (isSharded ? state : 0)
        case .gather: return 0
        }
    }
}
