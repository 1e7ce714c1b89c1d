import Collectives
import Diagnostics
import Logging
import ModelFiles
import Tensors

extension OuterOptimizer {
    /// What a checkpoint gives back to a run on islands.
    package enum Restored: Equatable, Sendable {
        /// All that each island had of its own: the run goes on with the same bits.
        case everything
        /// The common weights, and the moments of the first island, which all take; the outer momentum
        /// begins at 0.
        case commonWeights
    }

    /// Gives each island back what it had of its own, where a checkpoint of as many islands holds it. The
    /// parameters are the common ones, and the moments those of the first island. Collective.
    ///
    /// - Parameters:
    ///   - memory: where the ranks of a node share weights.
    ///   - state: of the first island; it becomes that of this rank's.
    /// - Throws: `AgreedFailure` where a file of an island cannot be read.
    package func restore(
        _ optimizer: Optimizer, in memory: TrainingMemory?, _ state: inout TrainerState,
        from directory: String
    ) throws -> Restored {
        goOn(after: state.step)
        let (island, count) = (islands.own, islands.count)
        let isThere = try islands.world.agree {
            try state.islands?.count == count && IslandFiles.areThere(in: directory, count: count)
        }
        let counts = state.islands
        state.islands = nil
        guard try islands.world.agreedMaximum(of: isThere ? 0 : 1) == 0, let counts else {
            forgetWhatIsUnderWay()
            return .commonWeights
        }
        let files = IslandFiles(outer: self, state: optimizer.state)
        try islands.world.agree { try files.read(from: directory) }
        try files.spreadMoments()
        try optimizer.spreadParameters(in: memory, over: island)
        optimizer.acceptWeights()
        weights.parameters.roundValues()
        state.updateCount = counts.updateCounts[islands.number]
        state.skippedInARow = counts.skippedInARow[islands.number]
        optimizer.updateCount = state.updateCount
        return .everything
    }

    /// Gathers what the islands count apart, for a checkpoint. Collective.
    func counts(of state: TrainerState) throws -> IslandCounts {
        let own = [Int64(state.updateCount), Int64(state.skippedInARow)]
        let all = try islands.world.allGather(own).map(Int.init)
        let firsts = islands.map.ranks.map { $0[0] }
        return IslandCounts(
            updateCounts: firsts.map { all[2 * $0] }, skippedInARow: firsts.map { all[2 * $0 + 1] })
    }
}
