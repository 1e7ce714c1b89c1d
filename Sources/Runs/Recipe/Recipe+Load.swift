import Diagnostics
import Foundation
import ModelFiles

/// A recipe as it was read, with notes and warnings.
package struct RecipeReading {
    package private(set) var recipe: Recipe
    /// Notes on what overrides replaced, and on which paths were taken for others.
    package private(set) var notes: [String] = []
    /// Warnings of keys in the file that have no effect.
    package private(set) var warnings: [String] = []

    /// Reads a recipe, applies the overrides (the last one of a key wins), derives what is left
    /// open, and checks everything that can be checked before a phase runs.
    ///
    /// - Parameter phases: The phases that will run; by default those of the recipe.
    /// - Throws: A usage `Failure` for the first thing that is wrong.
    package init(
        _ file: RecipeFile, overrides texts: [String] = [], phases: [Recipe.Phase]? = nil
    ) throws {
        let given = try file.entries()
        let overrides = try texts.map(Recipe.Entry.init(override:))
        recipe = Recipe()
        for entry in given { try recipe.set(entry) }
        try recipe.relocate(from: file.name)
        notes += try recipe.override(with: overrides)
        do {
            notes += try recipe.resolve(overridden: Set(overrides.map(\.path)))
            let running = phases ?? recipe.phases
            // First: a key that was meant for another phase is often missing in its own.
            try recipe.refuseIdle(overrides, in: Set(running))
            try recipe.validate(for: running)
            if !file.isFromProgram(given) {
                let overridden = Set(overrides.map(\.path))
                warnings = try recipe.idleKeys(
                    of: given.map(\.path).filter { !overridden.contains($0) },
                    in: Set(running + recipe.phases))
            }
        } catch var failure as Failure {
            let override = overrides.last { failure.keys.contains($0.path) }
            failure.place = failure.place ?? override?.place ?? file.name
            throw failure
        }
    }

    /// Reads a recipe from a path.
    package init(
        path: String, overrides: [String] = [], phases: [Recipe.Phase]? = nil
    ) throws {
        try self.init(RecipeFile(path: path), overrides: overrides, phases: phases)
    }
}

extension RecipeFile {
    /// Whether nobody wrote the recipe by hand: the built-in one, or one that a run has stored,
    /// with all its keys.
    fileprivate func isFromProgram(_ entries: [Recipe.Entry]) -> Bool {
        isBuiltIn || Set(Recipe().commonKeys.map(\.path)).isSubset(of: entries.map(\.path))
    }
}

extension Recipe {
    /// The recipe of a `RecipeReading`.
    package static func load(
        _ file: RecipeFile, overrides: [String] = [], phases: [Phase]? = nil
    ) throws -> Recipe {
        try RecipeReading(file, overrides: overrides, phases: phases).recipe
    }

    /// The recipe of a `RecipeReading` from a path.
    package static func load(
        path: String, overrides: [String] = [], phases: [Phase]? = nil
    ) throws -> Recipe {
        try load(RecipeFile(path: path), overrides: overrides, phases: phases)
    }

    /// The keys as they are spelled, nothing derived and nothing checked but each value alone:
    /// enough for a stored recipe, which was checked when it was made.
    ///
    /// - Parameter isRelocating: whether paths of a stored recipe are those that lead there from the
    ///   working directory, wherever its run lies now; otherwise they stay as they were typed.
    package init(
        decoding file: RecipeFile, overrides: [String] = [], isRelocating: Bool = true
    ) throws {
        self.init()
        for entry in try file.entries() { try set(entry) }
        if isRelocating { try relocate(from: file.name) }
        for override in overrides { try set(Entry(override: override)) }
    }

    /// Derives the defaults that depend on other keys. Resolving twice changes nothing.
    ///
    /// - Parameter overridden: The keys that win where others depend on them.
    /// - Returns: notes for the user.
    fileprivate mutating func resolve(overridden: Set<String>) throws -> [String] {
        guard !name.isEmpty else {
            throw Failure(
                FailureText("\(key: "name") is missing"), remedy: "add a line such as name: my-run",
                kind: .usage)
        }
        if output.isEmpty { output = "runs/\(name)" }
        if let output = resolveCorpus() { prepare.input = [output] }
        if phases.contains(.prepare) {
            prepare.output = prepare.output ?? "\(output)/shards"
            if data.sources.isEmpty { data.train = data.train ?? prepare.output }
            if prepare.validationFraction > 0 {
                data.validation = data.validation ?? prepare.output
            }
        }
        let notes = try resolveModels()
        if initial.from == nil { model.fillFromPreset() }
        let concessions = concedeLength(to: overridden) + concedeValidation(to: overridden)
        train.sequenceLength = train.sequenceLength ?? model.contextLength
        generate.seed = generate.seed ?? seed
        return notes + concessions
    }

    /// Replaces run directories by the checkpoints in them.
    private mutating func resolveModels() throws -> [String] {
        let given: [(key: String, path: WritableKeyPath<Recipe, String?>)] = [
            ("init.from", \.initial.from), ("finetune.from", \.finetune.from),
            ("evaluate.pairwise.against", \.pairwise.against),
            ("evaluate.pairwise.judge", \.pairwise.judge),
        ]
        var notes: [String] = []
        for (key, path) in given {
            guard let model = try self[keyPath: path].map({ try ModelPath($0) }) else { continue }
            self[keyPath: path] = model.directory
            if let note = model.note { notes.append("\(key): \(note)") }
        }
        return notes
    }
}

extension RecipeReading {
    /// Prints the notes on what overrides replaced, and the warnings of what has no effect.
    package func announce() {
        for note in notes { Console.line("note: \(note)") }
        for warning in warnings { Console.write("warning: \(warning)\n", to: .standardError) }
    }
}
