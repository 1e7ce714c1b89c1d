import Collectives
import Diagnostics
import Dispatch
import Files
import ModelFiles
import Models
import Synchronization
import Tensors

/// Saves checkpoints while the training goes on: at most one is under way.
///
/// `begin` copies the values; then every rank that writes puts its part into the unpublished
/// directory, and once all have, rank 0 hashes what it has not hashed, publishes the directory and
/// removes old ones. Both stages run on another thread, which makes no collective call: how they
/// ended is agreed at step boundaries.
package final class CheckpointSaver {
    private let communicator: any Communicator
    private let store: CheckpointStore
    private let files: CheckpointFiles
    private let keepLast: Int
    private let keepsBest: Bool
    private let configuration: DecoderConfiguration
    private let optimizerState: OptimizerState
    private let isGathering: Bool
    /// The ranks among which the state of the optimizer is shared out.
    private let stateOwners: any Communicator
    /// The copy that this rank writes; nil where another rank writes for this one.
    private let snapshot: CheckpointSnapshot?
    private let isSaved: (_ path: String, _ step: Int) throws -> Void
    private var save: Save?

    /// A checkpoint that is under way.
    private struct Save {
        let step: Int
        /// The step of the lowest validation loss, whose checkpoint stays; nil where none does.
        let bestStep: Int?
        var isPublishing = false
        /// The work of writing; nil where this rank has nothing to do.
        var task: BackgroundTask<[String: Manifest.File]>?
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
        isGathering = options.inputOutput == .gather
        stateOwners = extras?.owners ?? communicator
        self.optimizerState = optimizerState
        snapshot =
            isGathering && communicator.rank != 0
            ? nil
            : CheckpointSnapshot(
                model, optimizerState, files, sharedOver: isGathering ? nil : communicator,
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

    /// Waits for the checkpoint before, copies the values as they are now, and begins to write them;
    /// collective.
    package func begin(_ state: TrainerState) throws {
        try finish()
        let whole = isGathering ? try optimizerState.gather(over: stateOwners) : nil
        snapshot?.take(whole)
        let isFirst = communicator.rank == 0
        let (store, files, configuration, snapshot) = (store, files, configuration, snapshot)
        try communicator.agree {
            guard isFirst else { return }
            let directory = store.unpublished(step: state.step)
            try directory.create()
            try snapshot?.createFiles(in: directory.temporaryPath)
        }
        let task = snapshot.map { snapshot in
            BackgroundTask {
                let directory = store.unpublished(step: state.step).temporaryPath
                if isFirst { try files.write(configuration, state, into: directory) }
                return try snapshot.write(into: directory, withHeaders: isFirst)
            }
        }
        save = Save(
            step: state.step, bestStep: keepsBest ? state.best?.step : nil, task: task)
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

    /// Waits for the stage on all ranks, and begins the next.
    private func endStage() throws {
        guard let save else { return }
        let known: [String: Manifest.File]
        do {
            known = try communicator.agree { try save.task?.value() ?? [:] }
        } catch {
            self.save = nil
            if communicator.rank == 0 { store.unpublished(step: save.step).discard() }
            throw error
        }
        guard !save.isPublishing else {
            self.save = nil
            return try isSaved(store.path(ofStep: save.step), save.step)
        }
        let (store, keepLast) = (store, keepLast)
        var next = Save(step: save.step, bestStep: save.bestStep, isPublishing: true)
        if communicator.rank == 0 {
            next.task = BackgroundTask {
                try store.publish(
                    step: save.step, isBest: save.bestStep == save.step, known: known)
                try store.keepLast(keepLast, upTo: save.step, keeping: save.bestStep)
                return [:]
            }
        }
        self.save = next
    }
}

/// Work on another thread, begun at once, whose outcome its owner fetches.
private final class BackgroundTask<Value: Sendable>: Sendable {
    private let group = DispatchGroup()
    private let outcome = Mutex<Result<Value, any Error>?>(nil)

    init(_ work: @escaping @Sendable () throws -> Value) {
        DispatchQueue.global(qos: .utility).async(group: group) { [self] in
            let result = Result { try work() }
            outcome.withLock { $0 = result }
        }
    }

    /// The result of the work; nil while it goes on.
    var result: Result<Value, any Error>? { outcome.withLock { $0 } }

    /// Waits for the end of the work.
    func value() throws -> Value {
        group.wait()
        guard let result else { preconditionFailure("the work has ended without an outcome") }
        return try result.get()
    }
}
