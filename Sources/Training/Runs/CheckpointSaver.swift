import Collectives
import Diagnostics
import Files
import ModelFiles
import Models

/// Saves checkpoints while the training goes on: at most one is under way.
///
/// `begin` copies the values; then every rank that writes puts its part into the unpublished
/// directory and hashes the blocks that it writes whole; the ranks share out the other blocks and hash
/// them as they lie there; and rank 0 publishes the directory and removes old ones. All stages run on
/// another thread, which makes no collective call: how they ended is agreed at step boundaries.
package final class CheckpointSaver {
    private let communicator: any Communicator
    private let store: CheckpointStore
    private let files: CheckpointFiles
    private let keepLast: Int
    private let keepsBest: Bool
    private let configuration: DecoderConfiguration
    private let optimizerState: OptimizerState
    private let isGathering: Bool
    private let layout: CheckpointLayout
    /// The ranks among which the state of the optimizer is shared out.
    private let stateOwners: any Communicator
    /// The copy that this rank writes; nil where another rank writes for this one.
    private let snapshot: CheckpointSnapshot?
    /// Where the work beside the training leaves a trace; nil where nobody traces.
    private let trace: TraceTrack?
    private let isSaved: (_ path: String, _ step: Int) throws -> Void
    private var save: Save?
    /// Seconds that the last checkpoint took from its copy to its appearance; nil before the first.
    package private(set) var lastSeconds: Double?

    /// A checkpoint that is under way.
    private struct Save {
        enum Stage { case writing, hashing, publishing }

        let step: Int
        /// The step of the lowest validation loss, whose checkpoint stays; nil where none does.
        let bestStep: Int?
        var hashes: BlockHashes
        let start = ContinuousClock.now
        let cancellation = Cancellation()
        var stage = Stage.writing
        /// The work of the stage; nil where this rank has nothing to do.
        var task: BackgroundTask<[HashedBlock]>?

        var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
    }

    /// How far the stage has come; the largest number of all ranks decides.
    package enum Progress: Int64 {
        case done, working, failed
    }

    /// - Parameters:
    ///   - extras: nil where there are only the files of every run.
    ///   - isSaved: called on every rank once a checkpoint has been published.
    package init(
        _ model: LanguageModel, _ optimizerState: OptimizerState, store: CheckpointStore,
        files: CheckpointFiles,
        options: CheckpointOptions, over communicator: any Communicator,
        extras: CheckpointExtras? = nil,
        isSaved: @escaping (_ path: String, _ step: Int) throws -> Void = { _, _ in }
    ) {
        self.communicator = communicator
        self.store = store
        self.files = files
        self.isSaved = isSaved
        keepLast = options.keepLast
        keepsBest = options.keepBest
        configuration = model.configuration
        trace = model.device.trace?.checkpoints
        isGathering = options.inputOutput == .gather
        stateOwners = extras?.owners ?? communicator
        self.optimizerState = optimizerState
        layout = CheckpointLayout(model, optimizerState, files, extras)
        snapshot =
            isGathering && communicator.rank != 0
            ? nil
            : CheckpointSnapshot(
                model, optimizerState, files, layout, rank: communicator.rank,
                among: isGathering ? 1 : communicator.worldSize, isGathering: isGathering,
                extras: extras)
    }

    /// The progress of this rank, without waiting.
    package var progress: Progress {
        switch save?.task.map(\.result) {
        case nil, .some(.some(.success)): .done
        case .some(.none): .working
        case .some(.some(.failure)): .failed
        }
    }

    /// The step of the checkpoint that is under way; nil where none is.
    package var stepUnderWay: Int? { save?.step }
    /// Seconds since its begin.
    package var secondsUnderWay: Double? { save?.seconds }

    /// Waits for the checkpoint before, copies the values as they are now, and begins to write them;
    /// collective.
    package func begin(_ state: TrainerState) throws {
        try finish()
        let whole = isGathering ? try optimizerState.gather(over: stateOwners) : nil
        snapshot?.take(whole)
        let isFirst = communicator.rank == 0
        let (files, configuration, snapshot) = (files, configuration, snapshot)
        let directory = store.unpublished(step: state.step)
        try communicator.agree {
            guard isFirst else { return }
            try directory.create()
            try snapshot?.createFiles(in: directory.temporaryPath)
        }
        var save = Save(
            step: state.step, bestStep: keepsBest ? state.best?.step : nil,
            hashes: BlockHashes(layout))
        let cancellation = save.cancellation
        save.task = snapshot.map { snapshot in
            BackgroundTask { [trace] in
                try trace.measure(.writing, state.step) {
                    let path = directory.temporaryPath
                    if isFirst { try files.write(configuration, state, into: path) }
                    return try snapshot.write(into: path, cancellation)
                }
            }
        }
        self.save = save
    }

    /// Goes on to the next stage where all ranks are ready for it; collective.
    ///
    /// - Parameter progress: the largest number of `progress` of all ranks.
    package func advance(_ progress: Int64) throws {
        if progress != Progress.working.rawValue { try endStage() }
    }

    /// Waits until the checkpoint under way is published; collective.
    package func finish() throws {
        while save != nil { try endStage() }
    }

    /// Gives up the checkpoint under way, unless it is about to appear; collective.
    package func abandon() throws {
        guard let save, save.stage != .publishing else { return try finish() }
        save.cancellation.request()
        _ = try? save.task?.value()
        // Nobody writes in the directory any more.
        try communicator.barrier()
        discard(save)
    }

    private func discard(_ save: Save) {
        self.save = nil
        if communicator.rank == 0 { store.unpublished(step: save.step).discard() }
    }

    /// Waits for the stage on all ranks, and begins the next.
    private func endStage() throws {
        guard var save else { return }
        let hashed: [HashedBlock]
        do {
            hashed = try communicator.agree { try save.task?.value() ?? [] }
        } catch {
            discard(save)
            throw error
        }
        guard save.stage != .publishing else {
            self.save = nil
            lastSeconds = save.seconds
            return try isSaved(store.path(ofStep: save.step), save.step)
        }
        for block in try gather(hashed) { save.hashes.add(block) }
        let missing = save.hashes.missing
        if missing.isEmpty { publish(&save) } else { hash(missing, for: &save) }
        self.save = save
    }

    /// The blocks that all ranks have hashed.
    private func gather(_ own: [HashedBlock]) throws -> [HashedBlock] {
        let lines = Array(own.map(\.text).joined().utf8)
        return try communicator.allGather(ofAnySize: lines).flatMap { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                .compactMap { HashedBlock($0) }
        }
    }

    /// Hashes, on this rank, its share of the blocks to which several ranks have written.
    private func hash(_ missing: [(file: Int, block: Int)], for save: inout Save) {
        let share = EqualShares(of: missing.count, among: communicator.worldSize)
        let own = Array(missing[share[communicator.rank]])
        let directory = store.unpublished(step: save.step).temporaryPath
        let (layout, threads) = (layout, optimizerState.device.threads.threadCount)
        let (cancellation, step) = (save.cancellation, save.step)
        save.stage = .hashing
        save.task = BackgroundTask { [trace] in
            try trace.measure(.hashing, step) {
                try layout.hash(own, in: directory, threads: threads, cancellation)
            }
        }
    }

    private func publish(_ save: inout Save) {
        let (store, keepLast) = (store, keepLast)
        let (step, bestStep, known) = (save.step, save.bestStep, save.hashes.files)
        save.stage = .publishing
        save.task = nil
        guard communicator.rank == 0 else { return }
        save.task = BackgroundTask { [trace] in
            try trace.measure(.publishing, step) {
                try store.publish(step: step, isBest: bestStep == step, known: known)
                try store.keepLast(keepLast, upTo: step, keeping: bestStep)
                return []
            }
        }
    }
}
