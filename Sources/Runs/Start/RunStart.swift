import Collectives
import Diagnostics
import Files
import JSON
import Training

/// The start of a run: at step 0, or at its newest complete checkpoint. Found by rank 0, known to
/// all.
package struct RunStart {
    /// The checkpoint to go on from.
    package private(set) var checkpoint: FoundCheckpoint?
    package private(set) var state: TrainerState?
    /// The recipe of the run that is resumed.
    private(set) var storedRecipe: Recipe?
    package private(set) var messages: [String] = []

    /// The newest complete checkpoint of a run from which `step` can be computed again; without one,
    /// the run's beginning.
    package static func before(step: Int, in store: CheckpointStore) throws -> RunStart {
        var start = RunStart()
        start.checkpoint = try store.newestComplete(upTo: step - 1) { failure in
            start.messages.append("passed over a checkpoint: \(failure.line)")
        }
        start.state = try start.checkpoint.map { try CheckpointReader.state(in: $0.path) }
        if let state = start.state, state.step >= step {
            throw Failure(
                "the checkpoint is that of another step", expected: "at most \(step - 1)",
                got: "\(state.step)", at: start.checkpoint?.path, remedy: "remove it")
        }
        return start
    }

    /// - Parameter threads: those of each rank, which read the checkpoint together.
    /// - Throws: `AgreedFailure` when the directory holds a run that is not to be resumed, or one of
    ///   another recipe.
    package static func find(
        _ recipe: Recipe, isResuming: Bool, in directory: RunDirectory?, threads: Int,
        over communicator: any Communicator
    ) throws -> RunStart {
        let found = try communicator.agree {
            try directory.map { try open(recipe, isResuming: isResuming, in: $0) }
        }
        let stored = try communicator.share(found?.storedRecipe?.resolvedYAML)
        var start = try communicator.agree {
            var start = found ?? RunStart()
            start.storedRecipe = try stored.map {
                try Recipe(decoding: RecipeFile(name: recipe.output + "/recipe.yaml", text: $0))
            }
            return start
        }
        guard isResuming else { return start }
        try start.findCheckpoint(recipe, directory, threads, over: communicator)
        return start
    }

    /// Finds the newest complete checkpoint, which all ranks check together, and its state.
    private mutating func findCheckpoint(
        _ recipe: Recipe, _ directory: RunDirectory?, _ threads: Int,
        over communicator: any Communicator
    ) throws {
        let store = CheckpointStore(directory: recipe.output + "/checkpoints")
        var passedOver: [String] = []
        checkpoint = try store.newestComplete(over: communicator, threads: threads) { failure in
            passedOver.append("passed over a checkpoint: \(failure.line)")
        }
        messages += passedOver
        let own = try communicator.agree { () -> TrainerState? in
            guard let directory else { return nil }
            if checkpoint == nil { try Self.refuseLostCheckpoints(recipe, directory, passedOver) }
            return try checkpoint.map { try CheckpointReader.state(in: $0.path) }
        }
        let text = try communicator.share(own?.json.text())
        state = try communicator.agree {
            try text.map {
                try TrainerState(
                    json: JSONValue(parsing: Array($0.utf8), at: recipe.output), at: recipe.output)
            }
        }
        if checkpoint == nil {
            messages.append("no complete checkpoint to resume from: starting at step 0")
        }
    }

    /// The recipe with the keys that it leaves open as the run to be resumed settled them.
    func takingOpenKeys(of recipe: Recipe) -> Recipe {
        storedRecipe.map(recipe.takingOpenKeys) ?? recipe
    }

    /// Looks at the directory of a run: what a crash left there goes, and the recipe must fit.
    private static func open(
        _ recipe: Recipe, isResuming: Bool, in directory: RunDirectory
    ) throws -> RunStart {
        var start = RunStart()
        start.messages = [directory.warning].compactMap { $0 }
        guard isResuming else {
            guard try !directory.holdsRun else {
                throw Failure(
                    "the output directory holds a run", at: directory.path,
                    remedy: "add --resume to go on, or choose another output", kind: .usage)
            }
            return start
        }
        for leftover in try PublishedDirectory.removeLeftovers(in: directory.checkpointsPath) {
            start.messages.append("removed \(leftover), which a write that was cut off left behind")
        }
        if try directory.holdsRecipe {
            let file = try RecipeFile(path: directory.recipePath)
            let stored = try Recipe(decoding: file).takingEqualPaths(
                of: recipe, typed: Recipe(decoding: file, isRelocating: false))
            let differences = RecipeDifferences(of: recipe, from: stored)
            try differences.check()
            start.storedRecipe = stored
            start.messages += differences.warnings
        }
        return start
    }

    /// Refuses a run without a checkpoint that once had some: it is not to begin at step 0 and lose
    /// what it has learnt because they lie elsewhere.
    private static func refuseLostCheckpoints(
        _ recipe: Recipe, _ directory: RunDirectory, _ passedOver: [String]
    ) throws {
        let saved = try MetricsFile.lastSavedStep(in: directory.metricsPath)
        guard saved != nil || recipe.storedRun == recipe.output else { return }
        let name = saved.map(CheckpointStore.name) ?? "step-*"
        throw Failure(
            "the run to resume has lost its checkpoints",
            expected: "\(directory.checkpointsPath)/\(name), whole",
            got: passedOver.isEmpty ? "none" : passedOver.joined(separator: "; "),
            at: saved == nil ? directory.recipePath : directory.metricsPath,
            remedy: "put them back, or begin a new run with another output", kind: .usage)
    }
}

extension Communicator {
    /// Rank 0's text, on all ranks.
    fileprivate func share(_ text: String?) throws -> String? {
        let own = rank == 0 ? text.map { Array($0.utf8) } ?? [] : []
        let bytes = try broadcast(own, from: 0)
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
