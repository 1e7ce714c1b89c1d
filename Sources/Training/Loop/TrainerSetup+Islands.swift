import Collectives
import ModelFiles

extension TrainerSetup {
    /// Makes the outer optimizer, where there are islands: the weights as they are, the same on all, are
    /// those that they have in common. Collective.
    package mutating func beginOuterSteps(_ options: OuterOptions) throws {
        guard let islands else { return }
        outer = try OuterOptimizer(
            options, parameters: objective.parameters, sharesWeights: memory?.weights != nil,
            stepCount: stepCount,
            inner: LearningRateSchedule(optimizerOptions, stepCount: stepCount), islands: islands)
    }

    /// Runs collective work of one replica; on islands an error that its ranks agree on ends the job.
    func alone<Value>(_ work: () throws -> Value) throws -> Value {
        try islands?.alone(work) ?? work()
    }

    /// The ranks of the run that have one copy of the weights together. Collective.
    package func weightCopies() throws -> HostMap {
        let hosts = memory.flatMap { $0.weights == nil ? nil : $0.shared.hosts }
        guard let islands else { return hosts ?? .apart(worldSize: communicator.worldSize) }
        let first = hosts?.neighbours(of: islands.own.rank)[0] ?? islands.own.rank
        let label = islands.map.ranks[islands.number][first]
        return HostMap(labels: try communicator.allGather([Int64(label)]).map(Int.init))
    }

    /// Gives each island what it had of its own in a checkpoint, and tells where that cannot be.
    /// Collective.
    package func restoreIslands(_ state: inout TrainerState) throws {
        let stored = state.islands?.count ?? 1
        guard let outer else {
            state.islands = nil
            if stored > 1 {
                logger.warning(
                    """
                    the run was on \(stored) islands: from here on all ranks train as one, from the \
                    weights that the islands had in common and the moments of the first
                    """)
            }
            return
        }
        let restored = try outer.restore(
            optimizer, in: memory, &state, from: store.path(ofStep: state.step))
        guard restored == .commonWeights else { return }
        logger.warning(
            """
            the run was on \(stored == 1 ? "one island" : "\(stored) islands"): its \
            \(outer.islands.count) begin from the weights in common and the moments of the first, with \
            an outer momentum of 0
            """)
    }

    /// The bytes of each file of a checkpoint.
    package var checkpointSizes: [Int] {
        let state = optimizer.state
        let head = ValueHeadFile.shapes(of: model)
        let own =
            checkpointFiles.sizes(of: model, state)
            + (head.isEmpty ? [] : [SafetensorsLayout(head).fileSize])
        guard let islands, checkpoint.inputOutput == .shared else { return own }
        return own + IslandFiles.sizes(state, islandCount: islands.count)
    }

    /// The files that a checkpoint has beside those of every run; nil without.
    var checkpointExtras: CheckpointExtras? {
        let savesAll = checkpoint.inputOutput == .shared
        return islandFiles?.extras(savesAll: savesAll)
            ?? CheckpointExtras(valueHeadOf: model, isFirst: communicator.rank == 0)
    }

    /// The files that a checkpoint has more on islands; nil without.
    var islandFiles: IslandFiles? {
        outer.map { IslandFiles(outer: $0, state: optimizer.state) }
    }
}
