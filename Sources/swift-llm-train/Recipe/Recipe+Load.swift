import Diagnostics
import Training

extension Recipe {
    /// Reads a recipe, applies the overrides (the last one of a key wins), derives what is left
    /// open, and checks everything that can be checked before a phase runs.
    ///
    /// - Parameter phases: The phases that will run; by default those of the recipe.
    /// - Throws: A usage `Failure` for the first thing that is wrong.
    package static func load(
        _ file: RecipeFile, overrides: [String] = [], phases: [Phase]? = nil
    ) throws -> Recipe {
        var recipe = try Recipe(decoding: file, overrides: overrides)
        do {
            try recipe.resolve()
            try recipe.validate(for: phases ?? recipe.phases)
        } catch var failure as Failure {
            let override = try overridden(in: failure, by: overrides)
            failure.place = failure.place ?? override?.place ?? file.name
            throw failure
        }
        return recipe
    }

    /// The last override of a key that the failure names.
    private static func overridden(
        in failure: Failure, by overrides: [String]
    ) throws -> Entry? {
        let words = failure.what.split { $0 == " " || $0 == ":" }
        return try overrides.map { try Entry(override: $0) }.last { words.contains($0.path[...]) }
    }

    /// As above, from a path.
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
        if isRelocating { relocate(from: file.name) }
        for override in overrides { try set(Entry(override: override)) }
    }

    /// Derives the defaults that depend on other keys. Resolving twice changes nothing.
    private mutating func resolve() throws {
        guard !name.isEmpty else {
            throw Failure(
                "name is missing", remedy: "add a line such as name: my-run", kind: .usage)
        }
        if output.isEmpty { output = "runs/\(name)" }
        if phases.contains(.prepare) {
            prepare.output = prepare.output ?? "\(output)/shards"
            data.train = data.train ?? prepare.output
            if prepare.validationFraction > 0 {
                data.validation = data.validation ?? prepare.output
            }
        }
        if initial.from == nil { model.fillFromPreset() }
        train.sequenceLength = train.sequenceLength ?? model.contextLength
        generate.seed = generate.seed ?? seed
    }
}
